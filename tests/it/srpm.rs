//! Source packages against the real `rpmbuild -bs`, tag by tag, and against the programs that read them.

mod bench;
mod generated;
mod real_specs;

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;

use releng::base::error::Failure;
use releng::rpm::srpm::{self, BuildFacts, Content, Parsed, Problem, SourceFile};
use sha2::{Digest, Sha256};
use xshell::cmd;

use bench::{Bench, SOURCE_DATE, shell};

#[track_caller]
fn check(name: &str, text: &str) {
    let bench = Bench::new(name, text);
    let theirs = bench.theirs().unwrap();
    let differences = bench.differences(&theirs);
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[track_caller]
fn refused(text: &str, line: usize, what: &str) {
    let error = Parsed::parse(text).unwrap_err();
    assert_eq!(error.line, line, "{error}");
    assert!(matches!(error.problem, Problem::Beyond(_)), "{error}");
    assert!(error.to_string().contains(what), "{error}");
    assert!(Failure::from(error).help.unwrap().contains("rpm.srpm = \"rpmbuild\""));
}

/// The least that makes a package; `more` is the rest of the main preamble.
fn small(more: &str) -> String {
    format!(
        "Name: small\nVersion: 1.2\nRelease: 1%{{?dist}}\nSummary: Small\nLicense: MIT\n{more}\n%description\nText\n"
    )
}

const EVERYTHING: &str = include_str!("srpm/everything.spec");
const CONDITIONS: &str = include_str!("srpm/conditions.spec");
const MACROS: &str = include_str!("srpm/macros.spec");

#[test]
fn every_tag_is_what_rpmbuild_writes() {
    check("everything", EVERYTHING);
    check("conditions", CONDITIONS);
    check("macros", MACROS);
    check("small", &small("%global _source_payload w9.gzdio\nSource: a"));
    check("small", &small("Source: %{pypi_source}\nSource: %{pypi_source a b zip}\nSource: %{crates_source}"));
    check(
        "small-a",
        &small("Source: %pypi_source\nSource: %crates_source")
            .replace("Name: small", "Name: small-a")
            .replace("1.2", "1~rc1"),
    );
    check("small", &small("").replace("1%{?dist}", "%autorelease -e x -s y -b 3"));
    check("small", &small("").replace("1%{?dist}", "%{autorelease -p}"));
    check(
        "small",
        &small("%global forgeurl https://example.org/a\n%forgemeta -z 1\n%{forgemeta}\nSource: %{name}.tar.gz"),
    );
    check("small", &small(""));
    check("small", &small("BuildArch: noarch\nBuildRequires: a < 1~rc, b > 2^git\nURL: http://x/"));
    check("small", &small("%define vendor The %{name} Company\nBugURL: http://bugs/\nEpoch: 0\nSourceLicense: GPL"));
    check("smaller", &small("Epoch: 2").replace("Name: small", "Name: small-er-1"));
    check("small", &small("Source: b\nPatch: p\nSource7: http://x/get?f=a\nSource: c\nPatch3: q\nSource12: d"));
    check("small", &small("%sourcelist\n# no\nhttp://x/%{name}.tar\nb\n\n%patchlist\np1\np2"));
    check(
        "small",
        &small("Source: a\n%prep\n%autosetup\n%build\n%configure --x=%(date) %{?unknown}\n%install\n%files -f %{list}"),
    );
}

#[test]
fn what_depends_on_a_machine_is_refused_where_it_counts() {
    refused(&small("BuildRequires: a = %(date)"), 6, "%(date)");
    refused(&small("URL: %{lua: print(1)}"), 6, "%{lua: print(1)}");
    refused(&small("%include other"), 6, "%include other");
    refused(&small("%py_provides x"), 6, "%py_provides");
    refused(&small("%global x %(date)\n\nURL: http://%{x}/"), 8, "%(date)");
    refused(&small("URL: %{_sbindir}"), 6, "%{_sbindir}");
    refused(&small("ExclusiveArch: %{java_arches}"), 6, "%{java_arches}");
    refused(&small("%global _source_payload w19.zstdio"), 8, "w19.zstdio");
    refused(&small("%global _source_filedigest_algorithm 1"), 8, "_source_filedigest_algorithm");
    refused(&small("Source: a-%(date)"), 6, "%(date)");
    refused(&small("%if 0%{?rhel}\nSource: a-%{rhel}\n%endif"), 7, "%{rhel}");
    refused(&small("%{?rhel:Source: a-%(date)}"), 6, "%(date)");
    refused(&small("%if %(date)\nBuildRequires: a\n%endif"), 7, "%(date)");
    refused(&small("%if %(date)\n%global x 1\n%endif\n%if 0%{?x}\nURL: x\n%endif"), 10, "%(date)");
    refused(&small("%if %(date)\n%bcond_with x\n%global with_x 1\n%endif\nURL: %{with x}"), 10, "%(date)");
    refused(&small("%if %(date)\n%package a\n%endif"), 7, "%(date)");
    refused(&small("%build\n%if %(date)\n%files\n%endif"), 8, "%(date)");
    refused(&small("Icon: x.xpm"), 6, "icon");
    refused(&small("%changelog\n%autochangelog"), 7, "%autochangelog");
    refused(&small("%changelog\n* Sun Jan 01 2023 A\n- use %configure"), 8, "%configure");
    refused(
        &small("%changelog\n* Mon Jan 02 2023 A\n- a\n%if 0\nb\n%endif\n* Sun Jan 01 1:2:3 UTC+2 2023 A\n- b"),
        12,
        "UTC+2",
    );
}

#[test]
fn a_name_that_is_not_the_same_everywhere_is_refused() {
    for (more, line, what) in [
        ("Source: a%{?dist}", 6, "%{dist}"),
        ("%if 0%{?rhel}\n%global x 1\n%endif\nSource: a%{?x}", 9, "%{rhel}"),
        ("%{?suse_version:%global x 1}\nPatch: a%{?x}", 7, "%{suse_version}"),
        ("Source: a-%{_arch}", 6, "the architecture"),
        ("Source: %{name}-%{release}.tar", 6, "%{dist}"),
    ] {
        let error = Parsed::parse(&small(more)).unwrap_err();
        assert!(matches!(error.problem, Problem::Varies(_)), "{more}: {error}");
        assert!(error.line == line && error.to_string().ends_with(what), "{more}: {error}");
    }
}

#[test]
fn files_of_all_distributions_are_needed() {
    for (more, expected) in [
        ("%if 0%{?rhel}\nSource1: a\n%else\nSource1: b\n%endif", "a,b"),
        ("%if 0%{?fedora} > 40\n%if %{fedora} > 41\nPatch: a\n%else\nPatch: b\n%endif\n%endif", "a,b"),
        ("%if 0%{?rhel}\n%global x a\nSource: %{x}\n%endif\nSource: b", "a,b"),
        ("%if 0%{?rhel}\n%global x 1\n%endif\n%if 0%{?x}\nSource: a\n%endif", "a"),
        ("%bcond x 0%{?rhel}\n%if %{with x}\nSource: a\n%endif", "a"),
        ("%ifarch s390x\nSource: a\n%endif", "a"),
        ("%{?rhel:Source: a}\n%{!?fedora:Source: b}", "a,b"),
        ("%if 0%{?rhel}\n%sourcelist\na\n%endif\n", "a"),
        ("%if %(test -e x && echo 1 || echo 0)\nSource: a\n%endif", "a"),
        ("%if 0%{?rhel}\nSource: a\n%else\nSource: a\n%endif", "a"),
        ("%if 0%{?rhel}\n%prep\nSource: a\n%endif\n", ""),
        ("%if 0\nSource: a\n%endif\n%if 0%{?prerelease}\nSource: b\n%endif", ""),
    ] {
        let parsed = Parsed::parse(&small(more)).unwrap();
        assert_eq!(parsed.needed_files().join(","), expected, "{more}");
    }
}

#[test]
fn what_does_not_reach_the_package_is_no_matter() {
    for more in [
        "Requires: a%{?_isa} = %(date)",
        "%global x %(date)\n%{!?y: %define y %{x}}",
        "# %{undefined}",
        "%if 0\n%include x\n%{lua:}\n%endif",
        "%ifarch x86_64\nRequires: a\n%global x 1\n%endif",
        "%build\n%ifarch x86_64\n%post\n%endif\n%{what}",
        "%changelog\n* Sun Jan 01 2023 A\n- %files, 100% %d, %%configure",
    ] {
        assert!(Parsed::parse(&small(more)).is_ok(), "{more}: {}", Parsed::parse(&small(more)).unwrap_err());
    }
}

#[test]
fn every_beginning_of_a_spec_is_read_or_refused() {
    for spec in [EVERYTHING, CONDITIONS] {
        for (end, _) in spec.char_indices() {
            match Parsed::parse(&spec[..end]) {
                Ok(parsed) => assert_eq!(parsed.text, spec[..end]),
                Err(error) => assert!((1..=spec[..end].lines().count().max(1)).contains(&error.line), "{end}: {error}"),
            }
        }
    }
}

#[test]
fn the_same_bytes_twice_and_a_digest_that_holds() {
    let bench = Bench::new("everything", EVERYTHING);
    assert_eq!(bench.bytes(), bench.bytes());
    // Another compressor, or another version of it, makes other bytes: a promise that is broken knowingly or not at all.
    let digest: String = Sha256::digest(bench.bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(digest, "3160ea4da6ba89f3e8da46980d90a5c5d58160a1f52a51bce50e2fc8a2483f5e");
    let package = bench.ours();
    let shell = shell();
    let answer = cmd!(shell, "rpm -Kv {package}").quiet().read().unwrap();
    assert!(answer.contains("Header SHA256 digest: OK") && answer.contains("Payload SHA256 digest: OK"), "{answer}");
    let folder = bench.folder.path().display().to_string();
    assert!(!bench.bytes().windows(folder.len()).any(|window| window == folder.as_bytes()));
}

#[test]
fn a_file_that_the_spec_names_is_needed() {
    let parsed = Parsed::parse(&small("Source: a\nPatch: b\nSource: a")).unwrap();
    assert_eq!(parsed.needed_files(), ["a", "b"], "once each");
    let files = [SourceFile { name: "a".into(), mode: 0o644, content: Content::Bytes(Vec::new()) }];
    let facts = BuildFacts { spec_name: "small.spec", source_date: SOURCE_DATE, threads: 2 };
    let error = srpm::write(&parsed, &files, &facts, &mut Vec::new()).unwrap_err();
    assert!(error.downcast_ref::<Failure>().unwrap().message.contains("`b`"));
}

#[test]
fn the_payload_is_read_by_rpm2cpio() {
    let bench = Bench::new("everything", EVERYTHING);
    let package = bench.ours();
    let shell = shell();
    let list = cmd!(shell, "sh -c 'rpm2cpio \"$0\" | cpio -t --quiet' {package}").quiet().read().unwrap();
    let mut expected = bench.parsed.needed_files();
    expected.push("everything.spec");
    expected.sort_unstable();
    assert_eq!(list.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn files_may_lie_in_a_folder() {
    let bench = Bench::new("small", &small("Source: a"));
    let files = [SourceFile { name: "a".into(), mode: 0o755, content: Content::File(bench.path("a")) }];
    let facts = BuildFacts { spec_name: "small.spec", source_date: SOURCE_DATE, threads: 2 };
    let package = bench.path("a.src.rpm");
    srpm::write(&bench.parsed, &files, &facts, &mut File::create(&package).unwrap()).unwrap();
    let shell = shell();
    let modes = cmd!(shell, "rpm -qp --qf '[%{FILENAMES} %{FILEMODES:perms};]' {package}").quiet().read().unwrap();
    assert_eq!(modes, "a -rwxr-xr-x;small.spec -rw-r--r--;");
}

#[test]
fn rpmbuild_builds_from_it() {
    let install = "%install\ninstall -D %{SOURCE0} %{buildroot}/usr/share/a\n%files\n/usr/share/a";
    let bench = Bench::new("small", &small(&format!("Source: a\nBuildArch: noarch\n{install}")));
    let package = bench.ours().display().to_string();
    bench.rpmbuild(&["--rebuild", "--nodeps", &package]).unwrap();
    assert!(bench.path("RPMS/noarch/small-1.2-1.noarch.rpm").exists());
}

#[test]
fn createrepo_c_calls_it_a_source_package() {
    let bench = Bench::new("small", &small("Source: a"));
    bench.ours();
    let folder = bench.path("ours");
    let shell = shell();
    cmd!(shell, "createrepo_c --quiet --general-compress-type gz {folder}").quiet().run().unwrap();
    let primary = cmd!(shell, "sh -c 'zcat \"$0\"/repodata/*primary.xml.gz' {folder}").quiet().read().unwrap();
    assert!(primary.contains("<name>small</name>\n  <arch>src</arch>"), "{primary}");
}

#[test]
fn rpmsign_signs_it_in_place() {
    let bench = Bench::new("everything", EVERYTHING);
    let package = bench.ours();
    let shell = shell();
    let (keys, database, public) = (bench.path("keys"), bench.path("rpmdb"), bench.path("public.asc"));
    fs::create_dir(&keys).unwrap();
    fs::set_permissions(&keys, fs::Permissions::from_mode(0o700)).unwrap();
    shell.set_var("GNUPGHOME", &keys);
    let make = "--batch --quiet --passphrase= --quick-generate-key releng@example.org rsa2048 sign never";
    let make = make.split(' ');
    cmd!(shell, "gpg {make...}").quiet().ignore_stderr().run().unwrap();
    cmd!(shell, "gpg --quiet --armor --output {public} --export").quiet().run().unwrap();
    cmd!(shell, "rpm --dbpath {database} --initdb").quiet().run().unwrap();
    cmd!(shell, "rpmkeys --dbpath {database} --import {public}").quiet().run().unwrap();
    let size = fs::metadata(&package).unwrap().len();
    let macros = ["--define", "_gpg_name releng@example.org", "--define", "__gpg /usr/bin/gpg"];
    cmd!(shell, "rpmsign {macros...} --addsign {package}").quiet().ignore_stdout().run().unwrap();
    assert_eq!(fs::metadata(&package).unwrap().len(), size, "the signature fits into the room for it");
    let answer = cmd!(shell, "rpmkeys --dbpath {database} -K {package}").quiet().read().unwrap();
    assert!(answer.ends_with("digests signatures OK"), "{answer}");
    cmd!(shell, "gpgconf --kill all").quiet().ignore_stderr().run().unwrap();
}
