//! Java: the `cacerts` of its home, or the trust store that an option names.

use std::path::{Path, PathBuf};

use provender_core::doctor::RootSource;
use url::Url;

use super::asking::told;
use super::version::first_version;
use super::{Installed, Request, Tool, ToolTrust, Words, without_credentials};
use crate::files::Found;
use crate::process::Invocation;
use crate::{CaBundle, Machine, Setting};

/// Programs on the Java at `JAVA_HOME`, else on `PATH`.
pub(super) struct Java;

/// Variables whose options every Java or the `java` command takes, the stronger first.
const OPTIONS: [&str; 3] = ["JDK_JAVA_OPTIONS", "JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS"];

/// A program of one file, which a JDK runs as it is.
const PROBE: &str = "\
public class Probe {
    public static void main(String[] arguments) throws Exception {
        var connection = (java.net.HttpURLConnection) new java.net.URI(arguments[0]).toURL().openConnection();
        connection.setConnectTimeout(15000);
        connection.setReadTimeout(15000);
        System.out.println(\"status \" + connection.getResponseCode());
    }
}
";

impl Tool for Java {
    fn name(&self) -> &'static str {
        "java"
    }

    fn installed(&self, machine: &Machine) -> Option<Installed> {
        let home = machine.set("JAVA_HOME").map(|home| machine.path(home).join("bin/java"));
        let program = home.filter(|java| java.is_file()).or_else(|| machine.program("java"))?;
        let said = told(machine, Invocation::new(&program, &machine.directory).args(["-version"]))?;
        let banner = said.lines().find(|line| line.contains("version \"")).unwrap_or_default();
        Some(Installed::new(program, first_version(banner)))
    }

    fn trust(&self, machine: &Machine, installed: Option<&Installed>, _url: &Url) -> ToolTrust {
        for variable in OPTIONS {
            if let Some(found) = option(machine, variable, "javax.net.ssl.trustStore") {
                let path = machine.path(&found.value);
                return ToolTrust::file(&found, &path, Vec::new());
            }
        }
        let home = installed.and_then(|installed| home(&installed.program));
        let store = home.as_deref().and_then(store);
        let by = match &store {
            Some(store) => format!("its default: {}", store.display()),
            None => "its default: cacerts".to_owned(),
        };
        // Where distributions keep the store in step with the system's it lies with the system's settings.
        let system = store.is_some_and(|store| {
            let real = store.canonicalize().unwrap_or(store);
            real.starts_with("/etc/ssl") || real.starts_with("/etc/pki")
        });
        let source = if system { RootSource::System } else { RootSource::Mozilla };
        ToolTrust::on(vec![source], by)
    }

    fn remedy(
        &self,
        _machine: &Machine,
        _installed: Option<&Installed>,
        _url: &Url,
        bundle: &CaBundle,
    ) -> Vec<Setting> {
        vec![Setting::Run {
            command: format!(
                "keytool -importcert -cacerts -noprompt -alias private-authority -file {}",
                bundle.authority.display()
            ),
        }]
    }

    fn request(&self, request: &Request<'_>) -> std::io::Result<Option<Invocation>> {
        let source = request.scratch.join("Probe.java");
        std::fs::write(&source, PROBE)?;
        let url = without_credentials(request.url);
        let invocation = Invocation::new(&request.installed.program, request.scratch)
            .args(["-Djava.net.useSystemProxies=false".to_owned()])
            .args([source.display().to_string(), url.to_string()]);
        Ok(Some(invocation))
    }

    fn words(&self) -> Words {
        Words {
            reached: &[],
            refused: &["trustAnchors parameter must be non-empty", "KeyStoreException"],
        }
    }
}

/// A system property `-Dname=value` in a variable's options.
fn option(machine: &Machine, variable: &str, name: &str) -> Option<Found> {
    let options = machine.set(variable)?;
    let prefix = format!("-D{name}=");
    let value = options.split_whitespace().rev().find_map(|word| word.strip_prefix(&prefix))?;
    Some(Found::variable(&format!("{variable} ({name})"), value))
}

/// The home of the Java that this program belongs to.
fn home(program: &Path) -> Option<PathBuf> {
    let real = program.canonicalize().ok()?;
    Some(real.parent()?.parent()?.to_owned())
}

/// The store it reads: `jssecacerts` before `cacerts`, as JSSE looks for them.
fn store(home: &Path) -> Option<PathBuf> {
    ["lib/security/jssecacerts", "lib/security/cacerts", "jre/lib/security/cacerts"]
        .iter()
        .map(|path| home.join(path))
        .find(|path| path.is_file())
}
