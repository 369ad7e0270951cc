//! How a service runs in a container: what `[image]` says, else what its sources say.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Application, Interface, LockFacts, Service};
use crate::dockerfile::HEALTH_INTERVAL;
use crate::settings::{ImageSettings, RunAs};

/// The interpreter's name, which images of python.org and of Debian both have on their `PATH`.
pub const PYTHON: &str = "python3";

/// The folder of the application where no other is set.
pub const WORKDIR: &str = "/app";

/// The port of a web application where no other is known.
const PORT: u16 = 8000;

/// How a service runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Runtime {
    /// The program and its arguments.
    pub entrypoint: Vec<String>,
    /// The port that it listens on; none where it serves nothing.
    pub port: Option<u16>,
    /// The path that says whether it is well; none where there is none to ask.
    pub health_path: Option<String>,
    /// From one time that it is asked to the next.
    pub health_interval: Duration,
    /// Whom it runs as.
    pub user: RunAs,
    /// The folder that it starts in.
    pub workdir: String,
    /// The variables of the image, those of `[image]` among them.
    pub env: BTreeMap<String, String>,
    /// The files and folders that are the application, relative to the project; folders end in `/`.
    pub sources: Vec<String>,
}

/// What neither `[image]` nor the sources say, or what cannot be as `[image]` says it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Undecided {
    /// Nothing to start.
    #[error(
        "nothing tells how the service starts: no web application was found that a locked server can run, and no `__main__`"
    )]
    Entrypoint,
    /// Nobody knows which path to ask.
    #[error("no route was found that tells whether the service is well")]
    HealthPath,
    /// No files to copy.
    #[error("no Python files of the service were found")]
    Sources,
    /// A setting that an image cannot have.
    #[error("`{setting} = {value:?}` in [image] {reason}")]
    Setting {
        /// The setting's name.
        setting: String,
        /// What it says.
        value: String,
        /// What is wrong with it.
        reason: &'static str,
    },
}

impl Undecided {
    /// What to write into `[image]` of `provender.toml`.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Entrypoint => "say it in [image]: entrypoint = [\"python3\", \"-m\", \"app\"]",
            Self::HealthPath => {
                "say it in [image]: health-path = \"/health\", or health-path = \"\" for a service without one"
            }
            Self::Sources => "say in [image] what the application is: include = [\"app\"]",
            Self::Setting { .. } => "change it in [image] of provender.toml",
        }
    }
}

impl Runtime {
    /// Decides how a service runs.
    ///
    /// # Errors
    ///
    /// When neither the settings nor the sources say what has to be known, or a setting says what
    /// cannot be.
    pub fn decide(
        service: &Service,
        settings: &ImageSettings,
        lock: &LockFacts,
    ) -> Result<Self, Undecided> {
        let health_path = match &settings.health_path {
            Some(path) => Some(path.clone()).filter(|path| !path.is_empty()),
            None => Some(service.health_path.clone().ok_or(Undecided::HealthPath)?),
        };
        if let Some(path) = &health_path {
            let fits = |byte: u8| byte.is_ascii_graphic() && !b"'\"\\`$".contains(&byte);
            let fitting = path.starts_with('/') && path.bytes().all(fits);
            refuse("health-path", path, fitting, "is no path such as /health")?;
        }
        let serves = health_path.is_some() || service.application.is_some();
        let known = settings.port.or(service.port);
        let port = known.or_else(|| serves.then_some(PORT)).filter(|port| *port != 0);
        if health_path.is_some() && port.is_none() {
            refuse("port", "0", false, "is no port to ask on")?;
        }
        let seconds = settings.health_interval_seconds;
        let health_interval =
            seconds.map_or(HEALTH_INTERVAL, |seconds| Duration::from_secs(seconds.get().into()));
        let workdir = settings.workdir.clone().unwrap_or_else(|| WORKDIR.to_owned());
        refuse("workdir", &workdir, is_folder(&workdir), "is no folder such as /app")?;
        let mut env = BTreeMap::from([
            ("PYTHONDONTWRITEBYTECODE".to_owned(), "1".to_owned()),
            ("PYTHONUNBUFFERED".to_owned(), "1".to_owned()),
        ]);
        if let Some(root) = &service.import_root {
            env.insert("PYTHONPATH".to_owned(), format!("{workdir}/{root}"));
        }
        for (name, value) in &settings.env {
            let named = !name.is_empty()
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            refuse("env", name, named, "is no name of a variable")?;
            refuse(name, value, is_line(value), "holds a control character")?;
            env.insert(name.clone(), value.clone());
        }
        let entrypoint = if settings.entrypoint.is_empty() {
            start(service, lock, port).ok_or(Undecided::Entrypoint)?
        } else {
            settings.entrypoint.clone()
        };
        for word in &entrypoint {
            refuse("entrypoint", word, is_line(word), "holds a control character")?;
        }
        Ok(Self {
            entrypoint,
            port,
            health_path,
            health_interval,
            user: settings.user.unwrap_or_default(),
            workdir,
            env,
            sources: sources(service, settings)?,
        })
    }
}

/// The command that starts a service: a locked server with the application, else the project's own
/// `__main__`.
fn start(service: &Service, lock: &LockFacts, port: Option<u16>) -> Option<Vec<String>> {
    let served = service
        .application
        .as_ref()
        .and_then(|application| server(application, lock, port.unwrap_or(PORT)));
    let words = served.or_else(|| service.main.clone().map(|main| vec![main]))?;
    let start = [PYTHON.to_owned(), "-m".to_owned()];
    Some(start.into_iter().chain(words).collect())
}

/// The module of a server and its arguments.
fn server(application: &Application, lock: &LockFacts, port: u16) -> Option<Vec<String>> {
    let target = application.target();
    let address = format!("0.0.0.0:{port}");
    let port = port.to_string();
    let called = format!("{target}()");
    let target_or_call = if application.factory { &called } else { &target };
    let asgi = application.interface == Interface::Asgi;
    let made = application.factory;
    let commands: [(&str, bool, Vec<&str>); 7] = [
        ("uvicorn", asgi, vec!["uvicorn", &target, "--host", "0.0.0.0", "--port", &port]),
        ("hypercorn", asgi && !made, vec!["hypercorn", "--bind", &address, &target]),
        (
            "granian",
            asgi,
            vec!["granian", "--interface", "asgi", "--host", "0.0.0.0", "--port", &port, &target],
        ),
        ("daphne", asgi && !made, vec!["daphne", "-b", "0.0.0.0", "-p", &port, &target]),
        ("gunicorn", !asgi, vec!["gunicorn", "--bind", &address, target_or_call]),
        ("waitress", !asgi && !made, vec!["waitress", "--listen", &address, &target]),
        (
            "uvicorn",
            !asgi,
            vec!["uvicorn", &target, "--interface", "wsgi", "--host", "0.0.0.0", "--port", &port],
        ),
    ];
    let (name, _, words) = commands.into_iter().find(|(name, fits, _)| *fits && lock.has(name))?;
    let mut words: Vec<String> = words.into_iter().map(str::to_owned).collect();
    if made && matches!(name, "uvicorn" | "granian") {
        words.push("--factory".to_owned());
    }
    Some(words)
}

/// What is copied: `include`, else what was found.
fn sources(service: &Service, settings: &ImageSettings) -> Result<Vec<String>, Undecided> {
    let mut sources = if settings.include.is_empty() {
        service.sources.clone()
    } else {
        settings.include.clone()
    };
    for path in &sources {
        let parts = path.strip_suffix('/').unwrap_or(path);
        let plain = |c: char| c.is_ascii_alphanumeric() || "_-.+/".contains(c);
        let inside = parts.split('/').all(|part| !matches!(part, "" | "." | ".."));
        let fits = inside && parts.chars().all(plain) && !parts.starts_with('-');
        refuse(
            "include",
            path,
            fits,
            "is no plain path within the project, such as app or data/rates.csv",
        )?;
    }
    sources.sort();
    sources.dedup();
    if sources.is_empty() { Err(Undecided::Sources) } else { Ok(sources) }
}

/// An absolute path of plain words that is not the root.
fn is_folder(path: &str) -> bool {
    path.strip_prefix('/').is_some_and(|rest| {
        rest.split('/').all(|part| {
            !matches!(part, "" | "." | "..")
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
        })
    })
}

/// Whether a text can stand in one line.
pub(crate) fn is_line(text: &str) -> bool {
    !text.chars().any(char::is_control)
}

/// An error unless a setting is as it has to be.
pub(crate) fn refuse(
    setting: &str,
    value: &str,
    fits: bool,
    reason: &'static str,
) -> Result<(), Undecided> {
    if fits {
        return Ok(());
    }
    let (setting, value) = (setting.to_owned(), value.to_owned());
    Err(Undecided::Setting { setting, value, reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn locked(names: &[&str]) -> LockFacts {
        let projects = names.iter().map(|name| name.parse().unwrap()).collect();
        LockFacts { file: "constraints.txt".to_owned(), projects, ..LockFacts::default() }
    }

    fn service(interface: Interface, factory: bool) -> Service {
        let (module, attribute) = ("shop.main".to_owned(), "app".to_owned());
        Service {
            application: Some(Application { module, attribute, interface, factory }),
            health_path: Some("/health".to_owned()),
            sources: vec!["shop/".to_owned()],
            ..Service::default()
        }
    }

    fn entrypoint(service: &Service, locked_names: &[&str]) -> Result<String, Undecided> {
        let runtime = Runtime::decide(service, &ImageSettings::default(), &locked(locked_names))?;
        Ok(runtime.entrypoint.join(" "))
    }

    #[test]
    fn a_locked_server_runs_the_application() {
        use Interface::{Asgi, Wsgi};
        for (interface, factory, locked, command) in [
            (Asgi, false, "uvicorn", "python3 -m uvicorn shop.main:app --host 0.0.0.0 --port 8000"),
            (
                Asgi,
                true,
                "uvicorn",
                "python3 -m uvicorn shop.main:app --host 0.0.0.0 --port 8000 --factory",
            ),
            (Asgi, false, "hypercorn", "python3 -m hypercorn --bind 0.0.0.0:8000 shop.main:app"),
            (Wsgi, false, "gunicorn", "python3 -m gunicorn --bind 0.0.0.0:8000 shop.main:app"),
            (Wsgi, true, "gunicorn", "python3 -m gunicorn --bind 0.0.0.0:8000 shop.main:app()"),
            (Wsgi, false, "waitress", "python3 -m waitress --listen 0.0.0.0:8000 shop.main:app"),
        ] {
            let found = entrypoint(&service(interface, factory), &[locked]).unwrap();
            assert_eq!(found, command);
        }
        assert_eq!(entrypoint(&service(Asgi, false), &["flask"]), Err(Undecided::Entrypoint));
        let own = Service { main: Some("shop".to_owned()), ..service(Asgi, false) };
        assert_eq!(entrypoint(&own, &[]).unwrap(), "python3 -m shop");
    }

    #[test]
    fn settings_win() {
        let settings: ImageSettings = toml::from_str(
            "entrypoint = ['/bin/serve']\nport = 9000\nhealth-path = '/up'\nhealth-interval-seconds = 5\nuser = '2000'\n\
             workdir = '/srv/shop'\ninclude = ['shop', 'data/rates.csv']\nenv = { PYTHONUNBUFFERED = '0' }\n",
        )
        .unwrap();
        let service = Service {
            port: Some(1),
            import_root: Some("src".into()),
            ..service(Interface::Asgi, false)
        };
        let runtime = Runtime::decide(&service, &settings, &locked(&["uvicorn"])).unwrap();
        assert_eq!(runtime.entrypoint, ["/bin/serve"]);
        assert_eq!(runtime.port, Some(9000));
        assert_eq!(runtime.health_path.as_deref(), Some("/up"));
        assert_eq!(runtime.health_interval, Duration::from_secs(5));
        assert_eq!(runtime.user.to_string(), "2000:2000");
        assert_eq!(runtime.sources, ["data/rates.csv", "shop"]);
        assert_eq!(runtime.env["PYTHONUNBUFFERED"], "0");
        assert_eq!(runtime.env["PYTHONPATH"], "/srv/shop/src");
    }

    #[test]
    fn what_neither_says_is_an_error_that_names_the_setting() {
        let lock = locked(&["uvicorn"]);
        let settings = ImageSettings::default();
        let mut silent = service(Interface::Asgi, false);
        silent.health_path = None;
        let error = Runtime::decide(&silent, &settings, &lock).unwrap_err();
        assert!(error.hint().contains("health-path"), "{error}");
        let none = ImageSettings { health_path: Some(String::new()), ..settings.clone() };
        let runtime = Runtime::decide(&silent, &none, &lock).unwrap();
        assert_eq!((runtime.health_path, runtime.port), (None, Some(8000)));
        let empty = Service { sources: Vec::new(), ..service(Interface::Asgi, false) };
        assert_eq!(Runtime::decide(&empty, &settings, &lock), Err(Undecided::Sources));
    }

    #[test]
    fn a_worker_serves_nothing() {
        let worker = Service {
            application: None,
            main: Some("shop".into()),
            ..service(Interface::Asgi, false)
        };
        let settings =
            ImageSettings { health_path: Some(String::new()), ..ImageSettings::default() };
        let runtime = Runtime::decide(&worker, &settings, &locked(&[])).unwrap();
        assert_eq!((runtime.port, runtime.health_path), (None, None));
    }

    #[test]
    fn what_would_break_out_of_its_line_is_refused() {
        for text in [
            "health-path = '/a b'",
            "health-path = \"/a'\"",
            "health-path = 'health'",
            "workdir = 'app'",
            "workdir = '/'",
            "workdir = '/a/../b'",
            "include = ['../x']",
            "include = ['/etc']",
            "include = ['a b']",
            "include = [\"a\\nb\"]",
            "include = ['*']",
            "entrypoint = [\"a\\nb\"]",
            "env = { 'A B' = '1' }",
            "env = { A = \"x\\ny\" }",
            "port = 0",
        ] {
            let settings: ImageSettings = toml::from_str(text).unwrap();
            let found =
                Runtime::decide(&service(Interface::Asgi, false), &settings, &locked(&["uvicorn"]));
            assert!(matches!(found, Err(Undecided::Setting { .. })), "{text}: {found:?}");
        }
    }
}
