//! What the tools themselves read out of the files.

use provender_trust::configure::{ConfigurableTool, Scope};

use crate::desk::{Desk, installed};

#[test]
fn pip_reads_its_index_and_its_certificates() {
    let mut desk = Desk::new();
    let Some(version) = desk.run("pip", &["--version"]) else { return };
    desk.write(
        "home/.config/pip/pip.conf",
        "[global]\nTrusted_Host : x.example\n   index.example\ntimeout=7\n",
    );
    // Before 24.2 it is the full bundle; from then on the authority alone.
    let plan = desk.configure(ConfigurableTool::Pip, &version);
    let list = desk.run("pip", &["config", "--user", "list"]).unwrap();
    assert!(list.contains("global.index-url='https://index.example/simple/'"), "{list}");
    assert!(list.contains("global.timeout='7'"), "{list}");
    assert!(list.contains("global.trusted-host='x.example'"), "{list}");
    let cert = list.lines().find_map(|line| line.strip_prefix("global.cert=")).unwrap();
    assert!(plan.edits[0].after.contains(&format!("cert = {}", cert.trim_matches('\''))), "{list}");
    let debug = desk.run("pip", &["config", "debug"]).unwrap();
    assert!(debug.contains("pip.conf, exists: True"), "{debug}");
}

#[test]
fn uv_accepts_its_file() {
    for old in ["", "native-tls = true\nallow-insecure-host = [\"index.example\"]\n"] {
        let mut desk = Desk::new();
        let Some(version) = desk.run("uv", &["--version"]) else { return };
        desk.write("home/.config/uv/uv.toml", old);
        desk.configure(ConfigurableTool::Uv, &version);
        let shown = desk.run("uv", &["pip", "list", "--offline", "--show-settings"]).unwrap();
        assert!(!shown.contains("warning"), "{shown}");
        assert!(shown.contains("index.example"), "{shown}");
        assert!(!shown.contains("allow_insecure_host: [\n"), "{shown}");
    }
}

#[test]
fn uv_accepts_a_project() {
    let mut desk = Desk::new().scope(Scope::Project);
    let Some(version) = desk.run("uv", &["--version"]) else { return };
    desk.write("project/pyproject.toml", "[project]\nname = \"a\"\nversion = \"1\"\n");
    desk.configure(ConfigurableTool::Uv, &version);
    let shown = desk.run("uv", &["lock", "--offline", "--show-settings"]).unwrap();
    assert!(shown.contains("index.example") && !shown.contains("warning"), "{shown}");
}

#[test]
fn git_reads_its_certificates_for_all_and_for_one_server() {
    let mut desk = Desk::new();
    if desk.run("git", &["--version"]).is_none() {
        return;
    }
    desk.write(
        "home/.gitconfig",
        "# ours\n[http] sslVerify = false ; sorry\n\tproxy = \"a # b\" \\\n  c ; why\n",
    );
    desk.configure(ConfigurableTool::Git, "");
    let file = desk.path("home/.gitconfig").display().to_string();
    let list = desk.run("git", &["config", "--file", &file, "--list"]).unwrap();
    let full = desk.full_bundle();
    assert_eq!(list, format!("http.proxy=a # b   c\nhttp.https://npm.example/.sslcainfo={full}\n"));
    desk.wanted.registry = None;
    desk.configure(ConfigurableTool::Git, "");
    let get = ["config", "--get-urlmatch", "http.sslCAInfo", "https://other.example/x"];
    assert_eq!(desk.run("git", &get).unwrap(), format!("{full}\n"));
}

#[test]
fn npm_reads_its_registry_and_its_certificates() {
    let mut desk = Desk::new();
    if desk.run("npm", &["--version"]).is_none() {
        return;
    }
    desk.write("home/.npmrc", "; ours\nstrict-ssl=false\nfund=false ; why\n");
    desk.configure(ConfigurableTool::Npm, "");
    let get = |key| desk.run("npm", &["config", "get", key]).unwrap().trim().to_owned();
    assert_eq!(get("registry"), "https://npm.example/");
    assert_eq!(get("cafile"), desk.full_bundle());
    assert_eq!((get("strict-ssl").as_str(), get("fund").as_str()), ("true", "false"));
}

#[test]
fn pnpm_reads_its_registry() {
    let mut desk = Desk::new();
    if desk.run("pnpm", &["--version"]).is_none() {
        return;
    }
    desk.configure(ConfigurableTool::Pnpm, "");
    assert_eq!(
        desk.run("pnpm", &["config", "get", "registry"]).unwrap().trim(),
        "https://npm.example/"
    );
}

#[test]
fn yarn_reads_its_registry_and_its_certificates() {
    let mut desk = Desk::new().scope(Scope::Project);
    desk.write("project/package.json", "{}");
    let Some(version) = desk.run("yarn", &["--version"]) else { return };
    desk.configure(ConfigurableTool::Yarn, &version);
    let [registry, cafile] = match version.split('.').next().unwrap() {
        "1" => ["registry", "cafile"],
        "2" | "3" => ["npmRegistryServer", "caFilePath"],
        _ => ["npmRegistryServer", "httpsCaFilePath"],
    };
    let get = |key| desk.run("yarn", &["config", "get", key]).unwrap().trim().to_owned();
    assert_eq!(get(registry), "https://npm.example/");
    assert_eq!(get(cafile), desk.full_bundle());
}

#[test]
fn poetry_reads_its_certificate_and_its_source() {
    let mut desk = Desk::new().scope(Scope::Project);
    let project =
        "[tool.poetry]\nname = \"a\"\nversion = \"1\"\ndescription = \"\"\nauthors = []\n";
    desk.write("project/pyproject.toml", project);
    if desk.run("poetry", &["--version"]).is_none() {
        return;
    }
    desk.configure(ConfigurableTool::Poetry, "");
    let shown = desk.run("poetry", &["source", "show"]).unwrap();
    assert!(
        shown.contains("https://index.example/simple/") && shown.contains("primary"),
        "{shown}"
    );
    let list = desk.run("poetry", &["config", "--list"]).unwrap();
    assert!(
        list.contains(&format!("certificates.provender.cert = \"{}\"", desk.full_bundle())),
        "{list}"
    );
}

#[test]
fn pdm_reads_its_index_and_its_certificates() {
    let mut desk = Desk::new();
    desk.write("home/.config/pdm/config.toml", "[pypi]\nverify_ssl = false\n");
    if desk.run("pdm", &["--version"]).is_none() {
        return;
    }
    desk.configure(ConfigurableTool::Pdm, "");
    let get = |key| desk.run("pdm", &["config", key]).unwrap().trim().to_owned();
    assert_eq!(get("pypi.url"), "https://index.example/simple/");
    assert_eq!(
        (get("pypi.ca_certs"), get("pypi.verify_ssl").as_str()),
        (desk.full_bundle(), "True")
    );
}

#[test]
fn apt_reads_its_certificates_for_one_host() {
    let mut desk = Desk::new().scope(Scope::System);
    let file = "root/etc/apt/apt.conf.d/10ours";
    desk.write(file, "Acquire { https { Verify-Peer \"false\"; }; Retries 3; };\n");
    desk.configure(ConfigurableTool::Apt, "");
    if installed("apt-config").is_none() {
        return;
    }
    // Which folder apt reads is itself a setting, of the file that APT_CONFIG names.
    let parts = desk.path("root/etc/apt/apt.conf.d");
    desk.write("apt.conf", &format!("Dir::Etc::parts \"{}\";\n", parts.display()));
    let conf = format!("APT_CONFIG={}", desk.path("apt.conf").display());
    let Some(dump) = desk.run("env", &[&conf, "apt-config", "dump"]) else { return };
    let full = desk.full_bundle();
    assert!(dump.contains(&format!("Acquire::https::npm.example::CAInfo \"{full}\";")), "{dump}");
    assert!(dump.contains("Acquire::Retries \"3\";") && !dump.contains("Verify-Peer"), "{dump}");
}
