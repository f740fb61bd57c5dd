//! The central policy comes by https: from a real TLS server whose certificate an authority signed that this host trusts, and
//! from no other.

use std::fs;

use super::records::assert_says;
use crate::lab::debian::{self, DebianRoot};
use crate::lab::namespace::{Ran, on_host};
use crate::lab::repository::Repository;

const NAME: &str = "config.example.org";

/// Serves `/srv/lab/policy` with the certificate and key in the file that is named.
const SERVER: &str = r#"
import http.server, ssl, sys
class Handler(http.server.SimpleHTTPRequestHandler):
    def __init__(self, *arguments): super().__init__(*arguments, directory="/srv/lab/policy")
    def log_message(self, *_): pass
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1])
server = http.server.HTTPServer(("127.0.0.1", 8443), Handler)
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
"#;

/// Makes two authorities and the certificates of a server: of the trusted one in its name, in another's, and of the other one.
const CERTIFICATES: &str = r#"
set -e; exec 2>/dev/null; mkdir -p /srv/lab/tls; cd /srv/lab/tls
authority() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/CN=$1"         -addext basicConstraints=critical,CA:TRUE -keyout $1.key -out $1.crt
}
server() {
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$3" -keyout $1.key -out $1.csr
    printf 'subjectAltName=DNS:%s
' "$3" >$1.ext
    openssl x509 -req -in $1.csr -CA $2.crt -CAkey $2.key -CAcreateserial -days 20 -extfile $1.ext -out $1.crt
    cat $1.crt $1.key >$1.pem
}
authority ours; authority foreign
server good ours NAME; server misnamed ours other.example.org; server untrusted foreign NAME
cp ours.crt /usr/local/share/ca-certificates/lab.crt; update-ca-certificates
"#;

/// A host with the address of its policy, and a server beside it that does not run yet.
fn host() -> Option<DebianRoot> {
    let root = debian::server()?;
    Repository::create(&root.path("/"));
    root.write("srv/lab/server.py", SERVER);
    root.write("etc/hosts", &format!("127.0.0.1 localhost {NAME}\n"));
    root.shell(&CERTIFICATES.replace("NAME", NAME)).expect_code(0);
    let central = format!(
        "[central]\npolicy = \"https://{NAME}:8443/\"\nkey = \"/usr/share/keyrings/lab.gpg\"\ngroup = \"web\"\n"
    );
    root.write("etc/patchctl/patchctl.toml", &central);
    publish(&root, 1);
    Some(root)
}

fn publish(root: &DebianRoot, version: u32) {
    let now = on_host(&["date", "-u", "+%Y-%m-%dT%H:%M:%SZ"]);
    let issue = format!("group = \"web\"\nversion = {version}\nissued = \"{}\"", now.trim());
    root.write(
        "srv/lab/policy/web.toml",
        &format!("[issue]\n{issue}\n[policy]\nminimum_severity = \"high\"\n"),
    );
    let (file, keys) = (root.path("srv/lab/policy/web.toml"), root.path("srv/lab/keys"));
    let line = "rm -f \"$2.asc\"; gpg --quiet --batch --homedir \"$1\" --armor --detach-sign \"$2\"; exit $?";
    let enter = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "--", "sh", "-c", line, "sh"];
    on_host(&[&enter[..], &[keys.to_str().expect("text"), file.to_str().expect("text")]].concat());
}

/// Pulls the policy while the server runs with one of its certificates.
fn pull(root: &DebianRoot, certificate: &str) -> Ran {
    root.shell(&format!(
        "python3 /srv/lab/server.py /srv/lab/tls/{certificate}.pem 2>/dev/null &
         until bash -c ': </dev/tcp/127.0.0.1/8443' 2>/dev/null; do sleep 0.1; done
         patchctl policy refresh"
    ))
}

fn version(root: &DebianRoot) -> serde_json::Value {
    let read = fs::read(root.path("var/lib/patchctl/central.json")).unwrap_or_default();
    serde_json::from_slice::<serde_json::Value>(&read).unwrap_or_default()["policy"]["version"].clone()
}

#[test]
fn a_server_is_believed_by_its_certificate_and_the_policy_by_its_signature() {
    let Some(root) = host() else { return };
    let refused = pull(&root, "untrusted").expect_code(9);
    assert_says(&refused, "is out of reach; there is none yet");
    assert_says(&refused, "invalid peer certificate");
    assert_eq!(version(&root), serde_json::Value::Null);

    let taken = pull(&root, "good").expect_code(0);
    assert_says(&taken, &format!("https://{NAME}:8443/web.toml"));
    assert_eq!(version(&root), 1);

    publish(&root, 2);
    for certificate in ["untrusted", "misnamed"] {
        let refused = pull(&root, certificate).expect_code(9);
        assert_says(&refused, "invalid peer certificate");
        assert_says(&refused, "version 1 of ");
        assert_eq!(version(&root), 1, "{certificate}");
    }
    let gone = root.run(&["patchctl", "policy", "refresh"]).expect_code(9);
    assert_says(&gone, "Connection refused");
    fs::rename(root.path("srv/lab/policy/web.toml.asc"), root.path("srv/lab/policy/x.asc")).expect("renamed");
    assert_says(&pull(&root, "good").expect_code(8), "there is no signature");
    assert_eq!(version(&root), 1, "what came by https is believed by its signature alone");
    publish(&root, 2);
    pull(&root, "good").expect_code(0);
    assert_eq!(version(&root), 2);
}
