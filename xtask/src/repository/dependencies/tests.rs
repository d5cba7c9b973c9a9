//! Tables for the rule.

use super::*;
use crate::repository::repodata::PackageRelations;
use crate::rpm::capability::{Capability, VersionRange, VersionSense};
use crate::rpm::requirement::Requirement;

/// A capability such as `libs = 1.0.1`.
fn capability(text: &str) -> Capability {
    let words: Vec<&str> = text.split(' ').collect();
    let range = words.get(1).map(|operator| VersionRange::parse(VersionSense::parse(operator).unwrap(), words[2]));
    Capability { name: words[0].to_owned(), range }
}

/// A package from a line such as `+libs-2-1.x86_64 provides a; requires b = 1; obsoletes c < 2; has /usr/bin/a`. It begins with `+` if it
/// is added, with `-` if it is removed.
fn package(line: &str) -> PackageInChange {
    let presence = match &line[..1] {
        "+" => Presence::Added,
        "-" => Presence::Removed,
        _ => Presence::Kept,
    };
    let line = line.trim_start_matches(['+', '-', ' ']);
    let (nevra, rest) = line.split_once(' ').unwrap_or((line, ""));
    let (nevr, arch) = nevra.rsplit_once('.').unwrap();
    let [release, version, name] = <[&str; 3]>::try_from(nevr.rsplitn(3, '-').collect::<Vec<_>>()).unwrap();
    let own = capability(&format!("{name} = {version}-{release}"));
    let mut relations = PackageRelations {
        arch: arch.to_owned(),
        provides: vec![own.clone()],
        own,
        requires: Vec::new(),
        obsoletes: Vec::new(),
        files: BTreeSet::new(),
    };
    for part in rest.split("; ").filter(|part| !part.is_empty()) {
        let (kind, text) = part.split_once(' ').unwrap();
        match kind {
            "provides" => relations.provides.push(capability(text)),
            "requires" if text.starts_with('(') => {
                relations.requires.push(Requirement::parse_boolean(text).unwrap());
            }
            "requires" => relations.requires.push(Requirement::one(capability(text))),
            "obsoletes" => relations.obsoletes.push(capability(text)),
            "has" => _ = relations.files.insert(text.to_owned()),
            _ => panic!("{part}"),
        }
    }
    PackageInChange { relations, presence }
}

#[track_caller]
fn require_lost(packages: &[&str], expected: &[&str]) {
    let all: Vec<PackageInChange> = packages.iter().map(|line| package(line)).collect();
    let found: Vec<String> = lost("stable/1.0 el9", &all).iter().map(ToString::to_string).collect();
    assert_eq!(found, expected, "{packages:?}");
}

#[test]
fn what_a_yank_breaks_is_named() {
    let plugin = " plugin-1-1.noarch requires libs = 1";
    let lost = "`plugin-1-1.noarch` requires `libs = 1`, which nothing in stable/1.0 el9 provides after this";
    require_lost(&[plugin, "-libs-1-1.noarch"], &[lost]);
    require_lost(&[plugin, "-libs-1-1.noarch", " libs-1-2.noarch"], &[]);
    require_lost(&[plugin, "-libs-1-1.noarch", " other-1-1.noarch provides libs = 1"], &[]);
    require_lost(&["-plugin-1-1.noarch requires libs = 1", "-libs-1-1.noarch"], &[]);
    require_lost(&[" plugin-1-1.noarch requires bash >= 5", "-libs-1-1.noarch"], &[]);
    let file = "`a-1-1.noarch` requires `/usr/bin/x`, which nothing in stable/1.0 el9 provides after this";
    require_lost(&[" a-1-1.noarch requires /usr/bin/x", "-x-1-1.noarch has /usr/bin/x"], &[file]);
    let rich = "`a-1-1.noarch` requires `(libs if core)`, which nothing in stable/1.0 el9 provides after this";
    require_lost(&[" a-1-1.noarch requires (libs if core)", "-libs-1-1.noarch", " core-1-1.noarch"], &[rich]);
}

#[test]
fn what_a_promotion_replaces_is_named() {
    let plugin = " plugin-1-1.noarch requires libs = 1";
    let lost = "`plugin-1-1.noarch` requires `libs = 1`, which none of the newest packages in stable/1.0 el9 provides after this";
    require_lost(&[plugin, " libs-1-1.noarch", "+libs-2-1.noarch"], &[lost]);
    require_lost(&[plugin, " libs-1-1.noarch", "+libs-2-1.noarch", "+plugin-2-1.noarch requires libs = 2"], &[]);
    require_lost(&[plugin, " libs-1-1.noarch", "+libs-2-1.noarch obsoletes plugin < 2"], &[]);
    require_lost(&[plugin, " libs-1-1.noarch", "+libs-2-1.noarch obsoletes plugin < 1"], &[lost]);
    require_lost(&[plugin, " libs-1-1.noarch", "+libs-2-1.noarch provides libs = 1"], &[]);
    let replaced =
        "`a-1-1.noarch` requires `b`, which none of the newest packages in stable/1.0 el9 provides after this";
    require_lost(&[" a-1-1.noarch requires b", " b-1-1.noarch", "+c-1-1.noarch obsoletes b"], &[replaced]);
    // Two packages of two versions: what did not fit before is not lost.
    require_lost(&[" plugin-1-1.noarch requires libs = 1", " libs-2-1.noarch", "+libs-3-1.noarch"], &[]);
}

#[test]
fn an_older_package_that_becomes_the_newest_was_not_asked_before() {
    let old = [" plugin-1-1.noarch requires libs = 1", " libs-1-1.noarch", " libs-2-1.noarch"];
    require_lost(&[&old[..], &["-plugin-2-1.noarch requires libs = 2"]].concat(), &[]);
}

#[test]
fn each_architecture_is_asked() {
    let lost = |arch: &str| {
        format!("`plugin-1-1.{arch}` requires `libs`, which nothing in stable/1.0 el9 provides after this")
    };
    let x86 = [" plugin-1-1.x86_64 requires libs", "-libs-1-1.x86_64"];
    require_lost(&[&x86[..], &[" libs-1-1.aarch64"]].concat(), &[&lost("x86_64")]);
    require_lost(&[&x86[..], &[" libs-1-1.i686"]].concat(), &[]);
    require_lost(&[&x86[..], &[" libs-1-1.noarch"]].concat(), &[]);
    let noarch = [" plugin-1-1.noarch requires libs", " libs-1-1.x86_64", "-libs-1-1.aarch64"];
    require_lost(&noarch, &[&lost("noarch")]);
}
