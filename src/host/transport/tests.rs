//! The transport against servers that misbehave.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::mpsc::{self, Receiver};
use std::thread;

use super::*;

const LIMITS: Limits = Limits {
    bytes: 1000,
    deadline: Duration::from_secs(2),
    connect: Duration::from_secs(1),
    pace: Pace::LOWEST,
    attempts: 1,
};

/// Serves one answer per connection and returns the address, and what was asked.
fn asked_server(answers: Vec<String>) -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    let (sender, asked) = mpsc::channel();
    thread::spawn(move || {
        for answer in answers {
            let Ok((mut stream, _)) = listener.accept() else { return };
            let (mut question, mut piece) = (Vec::new(), [0; 4096]);
            while !question.ends_with(b"\r\n\r\n") {
                match stream.read(&mut piece) {
                    Ok(count) if count > 0 => question.extend_from_slice(&piece[..count]),
                    _ => break,
                }
            }
            let _ = sender.send(String::from_utf8_lossy(&question).to_ascii_lowercase());
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    (format!("http://{address}/feed"), asked)
}

fn server(answers: Vec<String>) -> String {
    asked_server(answers).0
}

fn get(location: &str, known: &Validators) -> Result<Fetched<Content>, TransportError> {
    let environment = Environment::default();
    fetch(FetchRequest { location, pinned: true, limits: LIMITS, known, environment: &environment })
}

fn reason(answers: Vec<String>) -> String {
    get(&server(answers), &Validators::default()).expect_err("the answer is a fault").reason()
}

#[test]
fn content_comes_with_its_date_and_validators() {
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nETag: \"a\"\r\nLast-Modified: Wed, 21 Oct 2015 07:28:00 GMT\r\n\r\n{}";
    let fetched = get(&server(vec![answer.to_owned()]), &Validators::default()).expect("served");
    let Fetched::New(content) = fetched else { panic!("new content expected") };
    assert_eq!(content.bytes, b"{}");
    assert_eq!(content.validators.etag.as_deref(), Some("\"a\""));
    assert_eq!(content.published.map(|date| date.timestamp()), Some(1_445_412_480));
}

#[test]
fn not_modified_is_unchanged() {
    let known = Validators { etag: Some("\"a\"".into()), last_modified: None };
    let answer = "HTTP/1.1 304 Not Modified\r\n\r\n".to_owned();
    assert_eq!(get(&server(vec![answer]), &known).expect("served"), Fetched::Unchanged);
}

#[test]
fn faults_are_named() {
    let status = reason(vec!["HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n".into()]);
    assert_eq!(status, "HTTP status 503");
    let large = format!("HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n{}", "x".repeat(2000));
    assert_eq!(reason(vec![large]), "larger than the limit of 1000 bytes");
    assert!(
        get("http://127.0.0.1:1/", &Validators::default()).is_err_and(|e| e.reason().contains("no route"))
    );
}

#[test]
fn endless_redirects_and_silence_end() {
    let turn = "HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    assert_eq!(reason(vec![turn.into(); 9]), "more than 5 redirects");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = format!("http://{}/", listener.local_addr().expect("bound"));
    let error = get(&address, &Validators::default()).expect_err("nobody answers");
    assert!(error.reason().starts_with("too slow"), "{}", error.reason());
}

#[test]
fn a_server_that_drips_is_given_up_before_the_deadline() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = format!("http://{}/feed", listener.local_addr().expect("bound"));
    thread::spawn(move || {
        let Ok((mut stream, _)) = listener.accept() else { return };
        let _ = stream.read(&mut [0; 4096]);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n");
        while stream.write_all(b"x").is_ok() {
            thread::sleep(Duration::from_millis(5));
        }
    });
    let pace = Pace { bytes: 500, window: Duration::from_millis(50) };
    let limits = Limits { deadline: Duration::from_secs(600), pace, ..LIMITS };
    let (known, environment) = (Validators::default(), Environment::default());
    let request =
        FetchRequest { location: &address, pinned: true, limits, known: &known, environment: &environment };
    let error = fetch(request).expect_err("it drips");
    assert!(matches!(error, TransportError::Drips { bytes, .. } if bytes < 500), "{error}");
    assert!(error.reason().starts_with("too slow"), "{}", error.reason());
}

#[test]
fn addresses_that_cannot_be_trusted_are_refused() {
    let environment = Environment::default();
    let known = Validators::default();
    for location in ["http://127.0.0.1/", "ftp://127.0.0.1/", "feed.json", "https://me:secret@127.0.0.1/"] {
        let request = FetchRequest {
            location,
            pinned: false,
            limits: LIMITS,
            known: &known,
            environment: &environment,
        };
        let error = fetch(request).expect_err("refused");
        assert!(matches!(error, TransportError::Address { .. }) && !error.to_string().contains("secret"));
    }
}

/// A file of this test, and the request for it.
struct Target {
    path: PathBuf,
    environment: Environment,
}

impl Target {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("patchctl-transport-{}-{name}", std::process::id()));
        let _ = storage::remove_folder(&folder);
        storage::create_folder(&folder, 0o700).expect("writable");
        Self { path: folder.join("incoming"), environment: Environment::default() }
    }

    fn download(&self, location: &str, attempts: u32) -> Result<Fetched<Download>, TransportError> {
        let limits = Limits { attempts, deadline: Duration::from_secs(20), ..LIMITS };
        let known = Validators::default();
        let environment = &self.environment;
        download(FetchRequest { location, pinned: true, limits, known: &known, environment }, &self.path)
    }

    fn litter(&self) -> Vec<PathBuf> {
        storage::list(self.path.parent().expect("below a folder")).expect("listable")
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        let _ = storage::remove_folder(self.path.parent().expect("below a folder"));
    }
}

fn whole(etag: &str, body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nETag: {etag}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

/// States more than it sends.
fn broken(etag: &str, body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nETag: {etag}\r\nContent-Length: 10\r\n\r\n{body}")
}

fn digest(fetched: &Fetched<Download>) -> (u64, Sha256) {
    let Fetched::New(download) = fetched else { panic!("new content expected") };
    (download.size, download.sha256)
}

#[test]
fn a_download_that_broke_off_goes_on_where_it_did_the_next_time() {
    let target = Target::new("resume");
    let rest = "HTTP/1.1 206 Partial\r\nETag: \"a\"\r\nContent-Range: bytes 4-9/10\r\nContent-Length: 6\r\n\r\n456789";
    let (location, asked) = asked_server(vec![broken("\"a\"", "0123"), rest.to_owned()]);
    target.download(&location, 1).expect_err("it broke off");
    let fetched = target.download(&location, 1).expect("the rest came");
    assert_eq!(digest(&fetched), (10, Sha256::of(b"0123456789")));
    assert_eq!(storage::read(&target.path).expect("there"), b"0123456789");
    assert_eq!(target.litter(), std::slice::from_ref(&target.path));
    assert!(!asked.recv().expect("asked").contains("range:"));
    let second = asked.recv().expect("asked");
    assert!(second.contains("range: bytes=4-") && second.contains("if-range: \"a\""), "{second}");
}

#[test]
fn other_content_begins_anew_and_a_weak_validator_keeps_no_part() {
    let target = Target::new("anew");
    let (location, asked) = asked_server(vec![
        broken("\"a\"", "0123"),
        whole("\"b\"", "new"),
        broken("W/\"c\"", "01"),
        whole("\"d\"", "x"),
    ]);
    target.download(&location, 1).expect_err("it broke off");
    let fetched = target.download(&location, 1).expect("other content");
    assert_eq!(digest(&fetched), (3, Sha256::of(b"new")));
    target.download(&location, 1).expect_err("it broke off");
    assert_eq!(target.litter(), [] as [PathBuf; 0]);
    target.download(&location, 1).expect("whole");
    let questions: Vec<String> = (0..4).map(|_| asked.recv().expect("asked")).collect();
    let with_range: Vec<bool> = questions.iter().map(|question| question.contains("range:")).collect();
    assert_eq!(with_range, [false, true, false, false]);
}

#[test]
fn a_part_that_does_not_fit_is_not_joined() {
    let target = Target::new("misfit");
    let misfit = "HTTP/1.1 206 Partial\r\nETag: \"a\"\r\nContent-Range: bytes 2-9/10\r\nContent-Length: 8\r\n\r\n23456789";
    let location = server(vec![broken("\"a\"", "0123"), misfit.to_owned(), whole("\"a\"", "0123456789")]);
    target.download(&location, 1).expect_err("it broke off");
    assert_eq!(target.download(&location, 1).expect_err("no part of ours").reason(), "HTTP status 206");
    let fetched = target.download(&location, 1).expect("begun anew");
    assert_eq!(digest(&fetched), (10, Sha256::of(b"0123456789")));
}

#[test]
fn what_may_pass_is_tried_again_after_the_pause_that_the_server_asks_for() {
    let target = Target::new("retry");
    let busy = "HTTP/1.1 503 Busy\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n";
    let rest = "HTTP/1.1 206 Partial\r\nContent-Range: bytes 4-9/10\r\nContent-Length: 6\r\n\r\n456789";
    let location = server(vec![busy.to_owned(), broken("\"a\"", "0123"), rest.to_owned()]);
    let fetched = target.download(&location, 3).expect("the third try succeeds");
    assert_eq!(digest(&fetched), (10, Sha256::of(b"0123456789")));
}

#[test]
fn what_will_not_pass_is_asked_for_once_only() {
    let target = Target::new("final");
    let gone = "HTTP/1.1 404 Gone\r\nContent-Length: 0\r\n\r\n";
    let error = target.download(&server(vec![gone.to_owned(), whole("\"a\"", "x")]), 3).expect_err("404");
    assert!(error.is_absent(), "{error}");
    let large = format!("HTTP/1.1 200 OK\r\nETag: \"a\"\r\nContent-Length: 2000\r\n\r\n{}", "x".repeat(2000));
    let error = target.download(&server(vec![large, whole("\"a\"", "x")]), 3).expect_err("too large");
    assert!(matches!(error, TransportError::TooLarge { .. }), "{error}");
    assert_eq!(target.litter(), [] as [PathBuf; 0]);
}

#[test]
fn requests_go_through_the_proxy_unless_the_host_is_exempt() {
    let (proxy, asked) = asked_server(vec!["HTTP/1.1 502 No\r\nContent-Length: 0\r\n\r\n".to_owned()]);
    let mut target = Target::new("proxy");
    let proxy = proxy.trim_end_matches("/feed").to_owned();
    target.environment = Environment { https_proxy: Some(proxy), ..Environment::default() };
    let error = target.download("http://feeds.example.org/x", 1).expect_err("the proxy refuses").reason();
    assert!(asked.recv().expect("the proxy was asked").contains("feeds.example.org"), "{error}");
    target.environment.no_proxy = Some("127.0.0.1".to_owned());
    let direct = server(vec![whole("\"a\"", "x")]);
    target.download(&direct, 1).expect("without the proxy");
}

#[test]
fn a_local_file_is_copied_with_its_digest_and_a_large_one_is_refused() {
    let target = Target::new("local");
    let file = target.path.with_file_name("feed.json");
    storage::replace(&file, b"{}", storage::PUBLIC).expect("writable");
    let location = format!("file://{}", file.display());
    assert_eq!(digest(&target.download(&location, 1).expect("readable")), (2, Sha256::of(b"{}")));
    storage::replace(&file, &[b' '; 1001], storage::PUBLIC).expect("writable");
    let reason = target.download(&location, 1).expect_err("too large").reason();
    assert!(reason.contains("more than 1000 bytes"), "{reason}");
    storage::remove_file(&file).expect("removable");
    assert!(target.download(&location, 1).expect_err("absent").is_absent());
}
