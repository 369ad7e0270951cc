use std::io::{Read, Write};

use super::*;
use crate::http::HttpServer;

fn connect(proxy: SocketAddr, target: &str, headers: &str) -> (TcpStream, String) {
    let mut stream = TcpStream::connect(proxy).unwrap();
    write!(stream, "CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{headers}\r\n").unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        answer.push(byte[0]);
    }
    (stream, String::from_utf8(answer).unwrap())
}

fn get(mut stream: impl Read + Write, target: &str) -> String {
    write!(stream, "GET {target} HTTP/1.1\r\nHost: index.example\r\nConnection: close\r\n\r\n")
        .unwrap();
    stream.flush().unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

/// TLS over a connection, verified against `authority`, as a client of `index.example`.
fn tls(stream: impl Read + Write, authority: &Authority) -> impl Read + Write {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(authority.der()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = "index.example".try_into().unwrap();
    let connection = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
    rustls::StreamOwned::new(connection, stream)
}

fn index() -> HttpServer {
    HttpServer::start(|request| Reply::new(200, "text/plain", format!("at {}", request.path)))
}

#[test]
fn a_tunnel_leads_where_the_host_is_routed() {
    let (index, proxy) = (index(), ForwardProxy::start());
    proxy.route("index.example", index.address());
    let (stream, answer) = connect(proxy.address(), "index.example:443", "");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(get(stream, "/a").ends_with("at /a"));
    let (_, answer) = connect(proxy.address(), "other.example:443", "");
    assert!(answer.starts_with("HTTP/1.1 502 "), "{answer}");
    assert_eq!(proxy.asked()[0].path, "index.example:443");
}

#[test]
fn a_plain_request_is_passed_on() {
    let (index, proxy) = (index(), ForwardProxy::start());
    proxy.route("index.example", index.address());
    let stream = TcpStream::connect(proxy.address()).unwrap();
    assert!(get(stream, "http://index.example/a?b=c").ends_with("at /a"));
    assert_eq!(index.requests()[0].query, "b=c");
}

#[test]
fn a_proxy_refuses_hosts_and_wants_credentials() {
    let proxy = ForwardProxy::start();
    proxy.refuse("blocked.example", 403);
    let (_, answer) = connect(proxy.address(), "blocked.example:443", "");
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
    proxy.offer(&["Negotiate", "Basic"]);
    let (_, answer) = connect(proxy.address(), "index.example:443", "");
    assert!(answer.contains("Proxy-Authenticate: Negotiate\r\n"), "{answer}");
    assert!(answer.contains("Proxy-Authenticate: Basic realm=\"proxy\"\r\n"), "{answer}");
    proxy.require_login("user", "secret");
    let header = format!("Proxy-Authorization: {}\r\n", basic("user", "secret"));
    let (_, answer) = connect(proxy.address(), "127.0.0.1:1", &header);
    assert!(answer.starts_with("HTTP/1.1 502 "), "{answer}");
}

#[test]
fn a_tunnel_may_lie_inside_tls() {
    let authority = Authority::named("Example Proxy CA");
    let proxy = ForwardProxy::start_tls(&authority);
    let socket = TcpStream::connect(proxy.address()).unwrap();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(authority.der()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = "localhost".try_into().unwrap();
    let connection = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
    let mut outer = rustls::StreamOwned::new(connection, socket);
    let private = Authority::named("Example Corp Root");
    let server =
        HttpServer::start_identity(&private.identity(&Leaf::names(["index.example"])), |request| {
            Reply::new(200, "text/plain", format!("at {}", request.path))
        });
    proxy.route("index.example", server.address());
    write!(outer, "CONNECT index.example:443 HTTP/1.1\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        outer.read_exact(&mut byte).unwrap();
        answer.push(byte[0]);
    }
    assert!(get(tls(outer, &private), "/inside").ends_with("at /inside"));
}

#[test]
fn an_intercepting_proxy_answers_in_the_hosts_place() {
    let authority = Authority::named("Example Inspection CA");
    let proxy = InterceptingProxy::start(&authority);
    let index = index();
    proxy.route("index.example", index.address());
    let (stream, _) = connect(proxy.address(), "index.example:443", "");
    assert!(get(tls(stream, &authority), "/a").ends_with("at /a"));
    assert_eq!(proxy.intercepted()[0].path, "/a");

    let private = Authority::named("Example Corp Root");
    let leaf = Leaf::names(["index.example"]);
    let server = HttpServer::start_identity(&private.identity(&leaf), |_| {
        Reply::new(200, "text/plain", "behind TLS")
    });
    proxy.route_tls("index.example", server.address(), &private);
    let (stream, _) = connect(proxy.address(), "index.example:443", "");
    assert!(get(tls(stream, &authority), "/a").ends_with("behind TLS"));
    proxy.bypass("index.example", server.address());
    let (stream, _) = connect(proxy.address(), "index.example:443", "");
    assert!(get(tls(stream, &private), "/a").ends_with("behind TLS"));
}

#[test]
fn a_server_behind_an_intermediate_authority_presents_it() {
    let root = Authority::named("Example Root");
    let issuing = root.intermediate("Example Issuing CA");
    let leaf = Leaf::names(["index.example"]);
    let serve = |identity: &crate::TlsIdentity| {
        HttpServer::start_identity(identity, |_| Reply::new(200, "text/plain", "fine"))
    };
    let whole = serve(&issuing.identity(&leaf));
    let stream = TcpStream::connect(whole.address()).unwrap();
    assert!(get(tls(stream, &root), "/").ends_with("fine"));
    let alone = issuing.identity(&leaf).without_intermediates();
    assert_eq!((alone.chain().len(), issuing.identity(&leaf).with_root().chain().len()), (1, 3));
}

#[test]
fn real_clients_can_be_run_behind_an_intercepting_proxy() {
    let authority = Authority::named("Example Inspection CA");
    let proxy = InterceptingProxy::start(&authority);
    let index = index();
    proxy.route("index.example", index.address());
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("ca.pem");
    std::fs::write(&ca, authority.pem()).unwrap();
    let run = |program: &str, arguments: &[&str]| {
        let mut command = std::process::Command::new(program);
        command.env_clear().env("HOME", folder.path()).env("https_proxy", proxy.url());
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        command.env("SSL_CERT_FILE", &ca).args(arguments).output()
    };
    let urllib =
        "import urllib.request as r; print(r.urlopen('https://index.example/python').read())";
    let clients: [(&str, &[&str]); 2] = [
        ("curl", &["-sS", "https://index.example/one", "https://index.example/two"]),
        ("python3", &["-I", "-c", urllib]),
    ];
    for (program, arguments) in clients {
        match run(program, arguments) {
            Ok(output) => {
                let errors = String::from_utf8_lossy(&output.stderr);
                assert!(output.status.success(), "{program}: {errors}");
            }
            Err(_) => {
                crate::left_out("real_clients_can_be_run_behind_an_intercepting_proxy", program)
            }
        }
    }
    assert!(proxy.intercepted().iter().all(|request| request.status == Some(200)));
}
