//! Sources with a key: what is signed is taken, and nothing else.

use super::*;
use crate::scan::feed::signature::forge::Forge;

#[test]
fn with_a_key_only_signed_content_is_taken_and_the_last_good_one_stays() {
    let Some(forge) = Forge::new("refresh") else { return };
    let mut bench = Bench::new("signed");
    assert_eq!(bench.refresh(RefreshMode::Now).authenticity, Some(Authenticity::Local));
    forge.make_key("vendor");
    forge.export(&["vendor"]);
    bench.source.key = Some(forge.folder.join("keys"));
    let stamp = bench.refresh(RefreshMode::Never);
    assert_eq!(stamp.state, FeedState::Suspect, "what is here was taken without a signature");
    let stamp = bench.refresh(RefreshMode::Now);
    let problem = stamp.problem.expect("there is no signature");
    assert!(problem.contains("there is no signature: neither"), "{problem}");

    forge.sign_file("vendor", &bench.source.location, &[]);
    let stamp = bench.refresh(RefreshMode::Now);
    assert_eq!((stamp.state, stamp.problem), (FeedState::Fresh, None));
    assert_eq!(stamp.authenticity, Some(Authenticity::Signed));
    assert_eq!(stamp.signed_by.map(|key| key.len()), Some(40));

    bench.offer("{\"not\": \"even parsed\"");
    let stamp = bench.refresh(RefreshMode::Now);
    assert_eq!((stamp.state, stamp.advisories, bench.rows()), (FeedState::Suspect, 4, 4));
    let problem = stamp.problem.unwrap_or_default();
    assert!(problem.contains("the content is not what the key") && !problem.contains("line"), "{problem}");
    assert_eq!(storage::list(&bench.layout.feed(NAME)).expect("listable").len(), 3, "content, record, lock");

    forge.sign_file("vendor", &bench.source.location, &[]);
    let file = PathBuf::from(&bench.source.location);
    bench.source.location = DEFAULT.into();
    let refused = bench.ask(RefreshMode::Never, &[], |request| import_file(request, &bench.source, &file));
    assert!(matches!(refused, Err(RefreshError::Refused { .. })), "signed, and no feed: {refused:?}");
    storage::replace(&file, EXCERPT.as_bytes(), storage::PUBLIC).expect("writable");
    let refused = bench.ask(RefreshMode::Never, &[], |request| import_file(request, &bench.source, &file));
    assert!(matches!(refused, Err(RefreshError::Signature { .. })), "an import needs it too: {refused:?}");
}

/// A repository with one updateinfo, and its `repomd.xml`.
fn repository(folder: &Path, updateinfo: &[u8]) -> String {
    let repodata = folder.join("repodata");
    storage::create_folder(&repodata, 0o700).expect("writable");
    let path = repodata.join("updateinfo.xml");
    storage::replace(&path, updateinfo, storage::PUBLIC).expect("writable");
    let repomd = format!(
        "<repomd><revision>1</revision><data type=\"updateinfo\"><checksum type=\"sha256\">{}</checksum>\
         <location href=\"repodata/updateinfo.xml\"/></data></repomd>",
        Sha256::of(updateinfo)
    );
    let location = repodata.join("repomd.xml");
    storage::replace(&location, repomd.as_bytes(), storage::PUBLIC).expect("writable");
    location.to_string_lossy().into_owned()
}

const UPDATES: &[u8] = br#"<updates><update from="x" status="final" type="security" version="1">
    <id>FEDORA-2024-0000000000</id><title>curl</title><issued date="2024-01-01 00:00:00"/>
    <references><reference href="https://nvd.example.org/CVE-2024-0001" id="CVE-2024-0001" type="cve"/></references>
    <pkglist><collection short="F"><package name="curl" version="8.0" release="1.fc40" epoch="0" arch="x86_64">
    <filename>curl-8.0-1.fc40.x86_64.rpm</filename></package></collection></pkglist></update></updates>"#;

#[test]
fn signed_repository_vouches_for_what_it_lists_and_a_mixed_set_is_refused() {
    let Some(forge) = Forge::new("repository") else { return };
    let mut bench = Bench::new("repository");
    bench.distribution = Distribution::new("fedora", "40", "");
    (bench.source.name, bench.source.format) = ("updateinfo-updates".into(), "updateinfo".into());
    bench.source.location = repository(&bench.folder, UPDATES);
    forge.make_key("vendor");
    forge.export(&["vendor"]);
    bench.source.key = Some(forge.folder.join("keys"));
    forge.sign_file("vendor", &bench.source.location, &[]);
    let stamp = bench.refresh(RefreshMode::Now);
    assert_eq!((stamp.authenticity, stamp.problem), (Some(Authenticity::Signed), None));

    let other = UPDATES.to_ascii_uppercase();
    let listed = bench.folder.join("repodata/updateinfo.xml");
    storage::replace(&listed, &other, storage::PUBLIC).expect("writable");
    let repomd = storage::read(Path::new(&bench.source.location)).expect("readable");
    storage::replace(Path::new(&bench.source.location), &repomd, storage::PUBLIC).expect("touched");
    let stamp = bench.refresh(RefreshMode::Now);
    let problem = stamp.problem.unwrap_or_default();
    assert!(problem.contains("has another checksum than the repository lists"), "{problem}");
    assert_eq!(stamp.state, FeedState::Suspect);

    repository(&bench.folder, &other);
    let problem = bench.refresh(RefreshMode::Now).problem.unwrap_or_default();
    assert!(problem.contains("the content is not what the key"), "{problem}");
}
