//! Bundles: what one host exports, another takes in by the same trust.

use super::*;
use crate::scan::feed::signature::SignatureError;
use crate::scan::feed::signature::forge::Forge;
use crate::scan::refresh::bundle::{
    BundleError, BundleImport, BundleRequest, export_bundle, import_bundle, is_bundle,
};

/// Host A has fetched the feed, host B has no way to its source.
fn hosts(name: &str) -> (Bench, Bench, PathBuf) {
    let (near, mut far) = (Bench::new(&format!("{name}-a")), Bench::new(&format!("{name}-b")));
    assert_eq!(near.refresh(RefreshMode::Now).problem, None);
    far.source.location = DEFAULT.into();
    far.now = near.now + TimeDelta::hours(1);
    let bundle = near.folder.join("feeds.bundle");
    (near, far, bundle)
}

fn export(bench: &Bench, bundle: &Path) {
    let exported = bench.ask(RefreshMode::Never, &[], |request| export_bundle(request, bundle, &[]));
    assert_eq!(exported.expect("exported").feeds, [NAME]);
}

fn import(bench: &Bench, file: &Path, accept: &[String]) -> Result<BundleImport, BundleError> {
    let bundle = BundleRequest { file, key: None, only: None, payload: None };
    bench.ask(RefreshMode::Never, accept, |request| import_bundle(request, bundle))
}

/// Takes a bundle apart, changes its members, and puts it together again.
fn forged(bundle: &Path, change: impl FnOnce(&mut Vec<(String, Vec<u8>)>)) -> PathBuf {
    let bytes = zstd::decode_all(&storage::read(bundle).expect("readable")[..]).expect("whole");
    let mut archive = tar::Archive::new(&bytes[..]);
    let read = |entry: std::io::Result<tar::Entry<'_, &[u8]>>| {
        let mut entry = entry.expect("whole");
        let (name, mut content) = (entry.path().expect("a name").to_string_lossy().into_owned(), Vec::new());
        std::io::copy(&mut entry, &mut content).expect("memory");
        (name, content)
    };
    let mut members: Vec<(String, Vec<u8>)> = archive.entries().expect("whole").map(read).collect();
    change(&mut members);
    let mut builder = tar::Builder::new(Vec::new());
    for (name, content) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        // Names that the builder would refuse are what is tested.
        header.as_gnu_mut().expect("gnu").name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_cksum();
        builder.append(&header, &content[..]).expect("memory");
    }
    let bytes = builder.into_inner().expect("memory");
    let path = bundle.with_extension("forged");
    storage::replace(&path, &zstd::encode_all(&bytes[..], 1).expect("memory"), storage::PUBLIC)
        .expect("writable");
    path
}

fn replaced(content: &mut Vec<u8>, from: &str, to: &str) {
    let text = String::from_utf8(std::mem::take(content)).expect("text");
    assert!(text.contains(from), "{from} is not in {text}");
    *content = text.replace(from, to).into_bytes();
}

#[test]
fn bundle_brings_the_same_statements_with_the_age_that_they_had() {
    let (near, far, bundle) = hosts("travel");
    export(&near, &bundle);
    assert!(is_bundle(&bundle) && !is_bundle(Path::new(&near.source.location)));
    let imported = import(&far, &bundle, &[]).expect("whole");
    assert_eq!((imported.taken, imported.not_taken.len()), (vec![NAME.to_owned()], 0));
    let (there, here) = (near.refresh(RefreshMode::Never), far.refresh(RefreshMode::Never));
    assert_eq!((here.sha256, here.advisories, far.rows()), (there.sha256, there.advisories, near.rows()));
    assert_eq!((here.fetched, here.published), (there.fetched, there.published));
    assert_eq!((here.state, here.authenticity), (FeedState::Fresh, Some(Authenticity::Local)));
    let mut late = far;
    late.now += TimeDelta::days(8);
    assert_eq!(
        late.refresh(RefreshMode::Never).state,
        FeedState::Stale,
        "the bundle does not make it younger"
    );
    assert_eq!(storage::list(&late.layout.bundle()).expect("listable").len(), 1, "the lock alone");
}

#[test]
fn bundle_with_what_its_manifest_does_not_say_is_refused_whole() {
    let (near, far, bundle) = hosts("forged");
    export(&near, &bundle);
    type Members = Vec<(String, Vec<u8>)>;
    type Change = Box<dyn FnOnce(&mut Members)>;
    let cases: Vec<(&str, Change)> = vec![
        ("another SHA-256", Box::new(|members| members[1].1[0] ^= 1)),
        ("has 3 bytes, listed are", Box::new(|members| members[1].1 = b"{ }".to_vec())),
        ("it ends before feeds/debian-tracker", Box::new(|members| drop(members.pop()))),
        ("\"../../etc/passwd\" is not listed", Box::new(|members| members[1].0 = "../../etc/passwd".into())),
        ("\"/etc/shadow\" is not listed", Box::new(|members| members.push(("/etc/shadow".into(), vec![1])))),
        ("does not begin with a manifest", Box::new(|members| members.swap(0, 1))),
        ("\"patchctl.bundle/9\"", Box::new(|members| replaced(&mut members[0].1, "bundle/1", "bundle/9"))),
        ("manifest", Box::new(|members| replaced(&mut members[0].1, "\"feeds\"", "\"food\""))),
        ("manifest", Box::new(|members| members[0].1.truncate(50))),
    ];
    for (words, change) in cases {
        let error = import(&far, &forged(&bundle, change), &[]).expect_err(words);
        let mut told = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(error) = cause {
            told = format!("{told}: {error}");
            cause = error.source();
        }
        assert!(told.contains(words), "{told}\nlacks {words}");
        assert_eq!(far.refresh(RefreshMode::Never).state, FeedState::Missing, "{words}");
    }
    let whole = storage::read(&bundle).expect("readable");
    let cut = bundle.with_extension("cut");
    for length in [0, 3, 20, whole.len() / 2, whole.len() - 1] {
        storage::replace(&cut, &whole[..length], storage::PUBLIC).expect("writable");
        assert!(import(&far, &cut, &[]).is_err(), "{length} of {} bytes", whole.len());
    }
}

#[test]
fn bundle_goes_through_the_steps_of_trust_feed_by_feed() {
    let (mut near, mut far, bundle) = hosts("steps");
    export(&near, &bundle);
    let refused = |far: &Bench, file: &Path| {
        let imported = import(far, file, &[]).expect("whole");
        imported.not_taken.into_iter().next().map(|refused| refused.error.reason()).unwrap_or_default()
    };
    let from = near.refresh(RefreshMode::Never).fetched.expect("fetched").format("%Y-%m-%d").to_string();
    let future = forged(&bundle, |members| replaced(&mut members[0].1, &from, "2199-01-01"));
    assert!(refused(&far, &future).contains("lies in the future"), "{}", refused(&far, &future));
    let other = forged(&bundle, |members| {
        replaced(&mut members[0].1, "\"format\": \"debian-tracker\"", "\"format\": \"osv\"")
    });
    assert!(refused(&far, &other).contains("\"osv\" in the bundle"));

    import(&far, &bundle, &[]).expect("whole");
    near.now += TimeDelta::hours(1);
    near.offer(r#"{"wordpress": {"CVE-2024-0001": {"releases": {"bullseye": {"status": "open"}}}}}"#);
    let accept = [NAME.to_owned()];
    near.ask(RefreshMode::Now, &accept, |request| refresh(*request));
    let smaller = near.folder.join("smaller.bundle");
    export(&near, &smaller);
    far.now += TimeDelta::hours(1);
    assert!(refused(&far, &smaller).contains("more than 5 % vanished"));
    assert_eq!(far.rows(), 4);
    assert_eq!(import(&far, &smaller, &accept).expect("whole").taken, accept);
    assert_eq!(far.rows(), 1);
    let older = forged(&bundle, |members| replaced(&mut members[0].1, &from, "2020-01-01"));
    assert!(refused(&far, &older).contains("the date of the content in use"));
}

#[test]
fn bundle_key_vouches_for_sources_that_have_to_be_signed() {
    let Some(forge) = Forge::new("bundle") else { return };
    let (near, mut far, bundle) = hosts("key");
    forge.make_key("fleet");
    forge.export(&["fleet"]);
    export(&near, &bundle);
    let key = forge.folder.join("keys");
    far.source.key = Some(key.clone());
    let unsigned = import(&far, &bundle, &[]).expect("whole");
    assert!(matches!(
        unsigned.not_taken[0].error,
        RefreshError::Signature { source: SignatureError::UnsignedBundle, .. }
    ));
    let request = BundleRequest { file: &bundle, key: Some(&key), only: None, payload: None };
    let import = || far.ask(RefreshMode::Never, &[], |asked| import_bundle(asked, request));
    assert!(matches!(import(), Err(BundleError::Signature { source: SignatureError::Missing { .. } })));
    forge.sign_file("fleet", &bundle.to_string_lossy(), &[]);
    assert_eq!(import().expect("signed").taken, [NAME]);
    let stamp = far.refresh(RefreshMode::Never);
    assert_eq!((stamp.state, stamp.authenticity), (FeedState::Fresh, Some(Authenticity::Signed)));
    let mut bytes = storage::read(&bundle).expect("readable");
    bytes.push(0);
    storage::replace(&bundle, &bytes, storage::PUBLIC).expect("writable");
    assert!(matches!(import(), Err(BundleError::Signature { source: SignatureError::Status { .. } })));
}
