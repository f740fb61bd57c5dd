//! Signatures made by the real gpg at test time, judged through the real gpgv.

use proptest::prelude::*;

use super::forge::Forge;
use super::status::{judge, judge_inside};
use super::*;
use crate::host::storage;

const KEY: &str = "D5432CCF2F8DBB6FBA758BC5C76D6A8AC9B50A2D";

impl Forge {
    fn verify(&self) -> Result<Signer, SignatureError> {
        let path = |name: &str| self.folder.join(name);
        Gpgv::of_host(&self.folder).verify(Signed {
            content: &path("feed"),
            signature: &path("feed.asc"),
            keys: &path("keys"),
        })
    }

    fn fault(&self) -> StatusError {
        match self.verify() {
            Err(SignatureError::Status { source }) => source,
            other => panic!("a status expected, not {other:?}"),
        }
    }
}

#[test]
fn a_good_signature_names_its_key_and_keys_may_be_text_or_binary() {
    let Some(forge) = Forge::new("good") else { return };
    forge.make_key("good");
    forge.sign("good", &[]);
    forge.export(&["good"]);
    let signer = forge.verify().expect("good");
    assert_eq!(signer.fingerprint.len(), 40);
    forge.write("keys", &forge.gpg(&["--export", "good"]));
    assert_eq!(forge.verify().expect("good"), signer);
    assert!(!storage::exists(&forge.folder.join("keyring.gpg")), "no copy of the keys stays");
}

#[test]
fn changed_content_an_unknown_key_and_a_cut_signature_are_refused() {
    let Some(forge) = Forge::new("bad") else { return };
    forge.make_key("good");
    forge.make_key("other");
    forge.sign("good", &[]);
    forge.export(&["other"]);
    assert!(matches!(forge.fault(), StatusError::UnknownKey { .. }));
    forge.export(&["good"]);
    forge.write("feed", b"{\"a\": 2}");
    assert!(matches!(forge.fault(), StatusError::Bad { .. }));
    let whole = forge.read("feed.asc");
    for length in [0, 1, whole.len() / 2, whole.len() - 60] {
        forge.write("feed.asc", &whole[..length]);
        assert!(matches!(forge.verify(), Err(SignatureError::Status { .. })), "{length} bytes");
    }
    forge.write("feed.asc", b"<html>not found</html>");
    assert!(matches!(forge.verify(), Err(SignatureError::Status { .. })));
}

#[test]
fn expired_and_revoked_keys_and_expired_signatures_are_refused() {
    let Some(forge) = Forge::new("stale") else { return };
    let then = ["--faked-system-time", "20200101T000000"];
    forge.gpg(&[&then[..], &["--quick-gen-key", "old", "ed25519", "sign", "30d"]].concat());
    forge.sign("old", &then);
    forge.export(&["old"]);
    assert!(matches!(forge.fault(), StatusError::ExpiredKey { .. }));

    forge.gpg(&[&then[..], &["--quick-gen-key", "brief", "ed25519", "sign", "never"]].concat());
    forge.sign("brief", &[&then[..], &["--default-sig-expire", "1d"]].concat());
    forge.export(&["brief"]);
    assert!(matches!(forge.fault(), StatusError::ExpiredSignature { .. }));

    forge.make_key("gone");
    forge.sign("gone", &[]);
    let listed = String::from_utf8(forge.gpg(&["--with-colons", "--list-keys", "gone"])).expect("text");
    let fingerprint = listed.lines().find_map(|line| line.strip_prefix("fpr:::::::::")).expect("listed");
    let fingerprint = fingerprint.trim_end_matches(':');
    let certificate =
        String::from_utf8(forge.read(&format!("home/openpgp-revocs.d/{fingerprint}.rev"))).expect("text");
    // gpg puts a colon before the block so that nobody imports it by accident.
    forge.write("revocation", certificate.replace(":-----BEGIN", "-----BEGIN").as_bytes());
    forge.gpg(&["--import", &forge.path("revocation")]);
    forge.export(&["gone"]);
    assert!(matches!(forge.fault(), StatusError::RevokedKey { .. }));
}

#[test]
fn a_weak_digest_and_a_message_that_carries_its_own_content_are_refused() {
    let Some(forge) = Forge::new("weak") else { return };
    forge.make_key("good");
    forge.export(&["good"]);
    forge.sign("good", &["--digest-algo", "SHA1"]);
    assert!(matches!(forge.fault(), StatusError::WeakDigest { digest, .. } if digest == "2"));
    forge.gpg(&["-u", "good", "--armor", "--sign", "-o", &forge.path("feed.asc"), &forge.path("feed")]);
    assert!(matches!(forge.verify(), Err(SignatureError::Status { .. })));
    forge.gpg(&["-u", "good", "--clearsign", "-o", &forge.path("feed.asc"), &forge.path("feed")]);
    assert!(matches!(forge.verify(), Err(SignatureError::Status { .. })));
}

#[test]
fn of_several_signatures_one_of_a_known_key_is_enough_and_a_bad_one_of_a_known_key_is_too_much() {
    let Some(forge) = Forge::new("two") else { return };
    forge.make_key("good");
    forge.make_key("other");
    forge.sign("good", &["-u", "other"]);
    forge.export(&["good"]);
    forge.verify().expect("the other key need not be known");
    forge.export(&["good", "other"]);
    forge.verify().expect("both are good");
    let both = |first: &[u8], second: &[u8]| [first, second].concat();
    let detached = |key: &str| {
        let arguments = ["-u", key, "--detach-sign", "-o", &forge.path("one.sig"), &forge.path("feed")];
        forge.gpg(&arguments);
        forge.read("one.sig")
    };
    let stale = detached("other");
    forge.write("feed", b"{\"a\": 2}");
    forge.write("feed.asc", &both(&detached("good"), &stale));
    assert!(matches!(forge.fault(), StatusError::Bad { .. }));
}

#[test]
fn without_gpgv_and_without_a_key_nothing_is_taken_for_signed() {
    let Some(forge) = Forge::new("none") else { return };
    let path = |name: &str| forge.folder.join(name);
    let (content, signature, keys) = (path("feed"), path("feed.asc"), path("keys"));
    let signed = Signed { content: &content, signature: &signature, keys: &keys };
    let fault = Gpgv::at(None, &forge.folder).verify(signed).expect_err("nothing to verify with");
    assert!(fault.to_string().contains("no gpgv on this host"), "{fault}");
    assert!(!fault.is_of_content());
    assert!(matches!(forge.verify(), Err(SignatureError::ReadKeys { .. })));
    forge.write("keys", b"no key");
    assert!(matches!(forge.verify(), Err(SignatureError::Keys { .. })));
}

#[test]
fn lines_that_prove_nothing_are_refused() {
    let valid = format!("[GNUPG:] VALIDSIG {KEY} 2026-11-22 1 0 4 0 22 8 00 {KEY}");
    let good = format!("[GNUPG:] NEWSIG\n[GNUPG:] GOODSIG C76D6A8AC9B50A2D good\n{valid}\n");
    assert_eq!(judge(good.as_bytes(), true).expect("good").fingerprint, KEY);
    let inside = format!("{good}[GNUPG:] PLAINTEXT 62 0 \n");
    assert_eq!(judge_inside(inside.as_bytes(), true).expect("good").fingerprint, KEY);
    for (lines, ended_well) in [
        (String::new(), true),
        (good.clone(), false),
        (format!("{valid}\n"), true),
        ("[GNUPG:] GOODSIG C76D6A8AC9B50A2D good\n".to_owned(), true),
        (good.replace(" 22 8 ", " 22 1 "), true),
        (good.replace(" 8 00 ", " 8 10 "), true),
        (good.replace(&format!(" 00 {KEY}"), ""), true),
        (format!("{good}[GNUPG:] BADSIG C76D6A8AC9B50A2D good\n"), true),
        (inside, true),
        (format!("{good}gpgv: a line of another kind\n"), true),
        (format!("{good}[GNUPG:] ERRSIG C76D6A8AC9B50A2D 22 8 00 1 4 {KEY}\n"), false),
    ] {
        assert!(judge(lines.as_bytes(), ended_well).is_err(), "{lines}");
    }
}

proptest! {
    #[test]
    fn no_lines_make_the_reader_panic_or_believe(
        lines in proptest::collection::vec("(\\[GNUPG:\\] )?(VALIDSIG|ERRSIG|NEWSIG|[A-Z]{3,8})( [0-9A-F]{0,40}){0,11}", 0..6)
    ) {
        prop_assert!(judge(lines.join("\n").as_bytes(), true).is_err(), "there is no GOODSIG in it");
    }
}
