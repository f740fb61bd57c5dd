# Makes a bill of materials of the program (CycloneDX 1.6) out of `cargo metadata`: every crate whose code is in it, with
# its licence, its checksum in Cargo.lock and what it needs. Crates of tests and builds are not in it.
# Arguments: $date (when, RFC 3339), $checksums ({"NAME VERSION": sha256}).
def purl: "pkg:cargo/\(.name)@\(.version)";
. as $all
| ($all.packages | map({key: .id, value: .}) | from_entries) as $packages
| ($all.resolve.nodes | map({key: .id, value: [.deps[] | select(any(.dep_kinds[]; .kind == null)) | .pkg]}) | from_entries) as $needs
| $all.resolve.root as $root
| {open: [$root], seen: {}}
| until(.open == []; .open[0] as $next | .open |= .[1:]
    | if .seen[$next] then . else .seen[$next] = true | .open += $needs[$next] end)
| [.seen | keys[]] as $used
| {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: {
      timestamp: $date,
      component: ($packages[$root] | {
        type: "application", "bom-ref": purl, name, version, description, purl: purl,
        licenses: [{expression: .license}]
      })
    },
    components: [$used[] | select(. != $root) | $packages[.] | {
      type: "library", "bom-ref": purl, name, version, purl: purl,
      licenses: [{expression: (.license | gsub("/"; " OR "))}],
      hashes: [$checksums["\(.name) \(.version)"] | select(.) | {alg: "SHA-256", content: .}]
    }] | sort_by(."bom-ref"),
    dependencies: ([$used[] | . as $id | {ref: ($packages[$id] | purl), dependsOn: ([$needs[$id][] | $packages[.] | purl] | unique)}] | sort_by(.ref))
  }
