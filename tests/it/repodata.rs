//! Repodata of real packages, against createrepo_c and dnf.

mod mutated;

use std::io::Read;
use std::path::{Path, PathBuf};

use releng::base::digest::digest_of;
use releng::base::files::TreePath;
use releng::base::gzip;
use releng::repository::repodata::read;
use releng::repository::repodata::{FOLDER, Fragments, INDEX, RepodataFault, RepodataFile, load, render};
use releng::rpm::package::{PackageFile, read_all};

use crate::support::program::{Sandbox, run_in};
use crate::support::rpms::{Rpm, build_all};

const TIMESTAMP: i64 = 1_584_606_281;

#[test]
fn the_test_packages_are_what_they_say() {
    let folder = Sandbox::bare();
    let lago = Rpm::new("lago", "1.0.1").dist("el9").epoch(2).line("Requires: (a if b)").payload(8192);
    let lago = lago.section("%post\nexit 0").entry("%ghost /var/log/lago").changelog("* Thu Mar 19 2020 Ada\n- One");
    let one = lago.build_into(&folder.join("one"));
    assert_eq!(one, folder.join("one/lago-1.0.1-1.el9.noarch.rpm"));
    let again = lago.build_into(&folder.join("two"));
    assert!(std::fs::read(&one).unwrap() == std::fs::read(again).unwrap());
    assert!(std::fs::metadata(&one).unwrap().len() > 8192);
    let source = lago.build_source_into(&folder.join("one"));
    assert_eq!(source, folder.join("one/lago-1.0.1-1.el9.src.rpm"));
    let many: Vec<Rpm> = (0..100).map(|n| Rpm::new(&format!("part{n}"), "2.0").release(&n.to_string())).collect();
    let built = build_all(&many, &folder.join("many"));
    assert_eq!(built[7], folder.join("many/part7-2.0-7.noarch.rpm"));
    let args = ["-qp", "--qf", "%{EPOCH} %{NVRA} %{BUILDTIME} %{BUILDHOST}\n"];
    let query = |path: &str| run_in(folder.path(), "rpm", &[&args[..], &[path]].concat(), &[]).exits(0).stdout;
    assert_eq!(query(one.to_str().unwrap()), "2 lago-1.0.1-1.el9.noarch 1584606281 reproducible\n");
    assert_eq!(query(built[99].to_str().unwrap()), "(none) part99-2.0-99.noarch 1584606281 reproducible\n");
}

/// A package with all that repodata can say of one.
fn full() -> Rpm {
    let lines = [
        "Group: Applications/System",
        "Vendor: Ada & Sons <ada@example.org>",
        "Packager: Ada \"the first\" <ada@example.org>",
        "URL: https://example.org/?a=1&b=2",
        "Requires: (gcc >= 4.8 if (make or cmake))",
        "Requires: zlib >= 2:1.2.11-3",
        "Requires: attr < 3, attr >= 2.4, attr = 1:1",
        "Requires(pre): shadow-utils",
        "Requires(post): shadow-utils >= 4",
        "Requires(preun): coreutils",
        "Requires: shadow-utils",
        "Requires: doubled",
        "Requires: doubled",
        "Requires: /usr/bin/lago-helper",
        "Requires: /usr/share/lago/version",
        "Requires: /usr/bin/elsewhere",
        "Requires: lago-own = 5, lago-own = 6",
        "Requires: libc.so.6(GLIBC_2.4)(64bit), libc.so.6(GLIBC_2.34)(64bit), libc.so.6()(64bit)",
        "Provides: lago-own = 5, lago-virtual, lago-cli = 3:1.0-2",
        "Conflicts: lagoon < 1.0~rc1",
        "Obsoletes: old-lago <= 0.9^git5",
        "Recommends: bash-completion",
        "Suggests: (vim or emacs)",
        "Supplements: (lago and gnome)",
        "Enhances: qemu > 5",
    ];
    let entries = lines.iter().fold(String::new(), |text, _| {
        format!("{text}* Thu Mar {:02} 2020 Ada É <ada@example.org> - 1.0-{0}\n- Mend <this> & \"that\"\n  of\u{2003}née\n\n", 26 - text.matches('*').count())
    });
    lines
        .iter()
        .fold(Rpm::new("lago", "1.0.1").dist("el9").epoch(2), |rpm, line| rpm.line(line))
        .changelog(&entries)
        .file("/usr/bin/lago-helper", "#!/bin/sh\n")
        .file("/usr/sbin/lago d", "#!/usr/bin/python3\n")
        .file("/usr/lib/sendmail", "no\n")
        .file("/etc/lago/lago.conf", "a = 1\n")
        .file("/usr/share/lago/na\u{ef}ve <&>'\u{1f600}.txt", "\n")
        .file("/opt/lago/bin/tool", "\n")
        .entry("%dir %attr(0755, root, root) /usr/share/lago")
        .entry("%ghost /var/log/lago.log")
        .section("%pre\ngetent passwd lago\n\n%post -p /sbin/ldconfig\n\n%posttrans -p <lua>\nprint(1)\n")
}

/// Varied packages, in folders by architecture; their paths relative to `folder`, sorted.
fn build_varied(folder: &Path) -> Vec<String> {
    let plain = Rpm::new("plain", "0.1~rc1+2^3").payload(9000);
    let loud = Rpm::new("loud", "7").changelog("* Thu Mar 19 2020  Ada \n-  A\ttab \n");
    let loud = loud.line("Requires: zero = 0:1-1, plain = 5-3");
    let noarch = folder.join("noarch");
    let mut paths = vec![full().build_into(&noarch), loud.build_into(&noarch)];
    paths.extend(build_all(&[plain, Rpm::new("part", "2"), Rpm::new("part-more", "3").epoch(1)], &noarch));
    paths.push(full().line("BuildRequires: make >= 4, (a if b)").build_source_into(&folder.join("SRPMS")));
    let mut names: Vec<String> =
        paths.iter().map(|path| path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned()).collect();
    names.sort();
    names
}

/// The elements of the packages at `names`, which are relative to `folder`.
#[track_caller]
fn describe(folder: &Path, names: &[String]) -> Vec<Fragments> {
    let paths: Vec<PathBuf> = names.iter().map(|name| folder.join(name)).collect();
    let packages: Vec<PackageFile> = read_all(&paths).unwrap();
    packages.iter().zip(names).map(|(package, name)| Fragments::of(package, name, TIMESTAMP)).collect()
}

#[track_caller]
fn write(files: &[RepodataFile], folder: &Path) {
    std::fs::create_dir_all(folder.join(FOLDER)).unwrap();
    for file in files {
        std::fs::write(folder.join(FOLDER).join(&file.name), &file.content).unwrap();
    }
}

/// Repodata as lines.
#[track_caller]
fn lines(folder: &Path) -> Vec<String> {
    let args = [concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/it/support/repodata.py"), folder.to_str().unwrap()];
    let lines = run_in(folder, "python3", &args, &[("PYTHONUTF8", "1")]).exits(0).says_nothing().stdout;
    lines.lines().map(str::to_owned).collect()
}

#[track_caller]
fn createrepo_c(folder: &Path, args: &[&str]) {
    run_in(folder, "createrepo_c", &[args, &["--quiet", "--no-database", "."]].concat(), &[]).exits(0);
}

#[test]
fn it_says_what_createrepo_c_says() {
    let folder = Sandbox::bare();
    let (theirs, ours) = (folder.join("theirs"), folder.join("ours"));
    let names = build_varied(&theirs);
    createrepo_c(&theirs, &["--compress-type", "gz"]);
    write(&render(&describe(&theirs, &names), TIMESTAMP).unwrap(), &ours);
    let (theirs, ours) = (lines(&theirs), lines(&ours));
    assert!(theirs.len() > 200, "{}", theirs.len());
    let only = |these: &[String], those: &[String]| {
        these.iter().filter(|line| !those.contains(line)).cloned().collect::<Vec<_>>().join("\n")
    };
    assert!(theirs == ours, "theirs:\n{}\nours:\n{}", only(&theirs, &ours), only(&ours, &theirs));
}

/// An RPM that createrepo_c leaves out with a warning: no text of XML can hold a control character.
#[test]
fn what_xml_cannot_say_is_replaced() {
    let folder = Sandbox::bare();
    let loud = Rpm::new("loud", "7").changelog("* Thu Mar 19 2020 Ada\n- Ring the \u{7} bell");
    let name = loud.build_into(folder.path()).file_name().unwrap().to_str().unwrap().to_owned();
    write(&render(&describe(folder.path(), &[name]), TIMESTAMP).unwrap(), folder.path());
    let lines = lines(folder.path());
    assert!(lines.iter().any(|line| line.ends_with("'- Ring the \u{fffd} bell'")), "{lines:?}");
}

#[test]
fn dnf_reads_it() {
    let folder = Sandbox::bare();
    let names = build_varied(folder.path());
    write(&render(&describe(folder.path(), &names), TIMESTAMP).unwrap(), folder.path());
    let empty = tempfile::tempdir().unwrap();
    let place = |name: &str| {
        std::fs::create_dir_all(empty.path().join(name)).unwrap();
        empty.path().join(name).display().to_string()
    };
    let mut args = vec![format!("--installroot={}", place("root")), "--releasever=9".to_owned()];
    for option in ["reposdir", "cachedir", "persistdir", "logdir"] {
        args.push(format!("--setopt={option}={}", place(option)));
    }
    args.push(format!("--repofrompath=t,file://{}", folder.path().display()));
    let rest = ["-q", "-y", "--forcearch=x86_64", "--setopt=plugins=0", "--repo=t", "repoquery"];
    args.extend(rest.map(str::to_owned));
    args.push("--qf=%{name}-%{epoch}:%{version}-%{release}.%{arch} %{buildtime}".to_owned());
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let said = run_in(folder.path(), "dnf", &args, &[]).exits(0).stdout;
    let seen: Vec<&str> = said.lines().filter_map(|line| line.split(' ').next()).collect();
    let expected = ["lago-2:1.0.1-1.el9.noarch", "lago-2:1.0.1-1.el9.src", "loud-0:7-1.noarch"];
    let expected = [&expected[..], &["part-0:2-1.noarch", "part-more-1:3-1.noarch", "plain-0:0.1~rc1+2^3-1.noarch"]];
    assert_eq!(seen, expected.concat(), "{said}");
}

#[test]
fn what_was_written_is_taken_over() {
    let folder = Sandbox::bare();
    let mut packages = describe(folder.path(), &build_varied(folder.path()));
    let made = render(&packages, TIMESTAMP).unwrap();
    let place = folder.join("made");
    write(&made, &place);
    let loaded = load(&TreePath::top(&place)).unwrap();
    packages.sort_by(|one, other| one.href.cmp(&other.href));
    assert!(loaded == packages);
    let again = render(&loaded, TIMESTAMP).unwrap();
    assert!(again.iter().zip(&made).all(|(again, made)| again.name == made.name && again.content == made.content));
    let listing = read(&fetch_from(&place)).unwrap();
    assert_eq!(listing.packages.len(), 6);
    assert_eq!(listing.files.len(), 3);
    write(&render(&[], TIMESTAMP).unwrap(), &folder.join("none"));
    assert_eq!(load(&TreePath::top(&folder.join("none"))).unwrap(), []);
}

fn fetch_from(folder: &Path) -> impl Fn(&str) -> anyhow::Result<Vec<u8>> {
    move |file| Ok(std::fs::read(folder.join(file))?)
}

#[test]
fn repodata_of_others_is_read() {
    let folder = Sandbox::bare();
    let names = build_varied(folder.path());
    for compression in ["gz", "xz", "bz2"] {
        createrepo_c(folder.path(), &["--general-compress-type", compression]);
        let listing = read(&fetch_from(folder.path()));
        if compression != "gz" {
            let fault = listing.unwrap_err().to_string();
            assert!(fault.contains("-primary.xml.") && fault.contains("it is not compressed with gzip"), "{fault}");
            continue;
        }
        let mut listed = listing.unwrap().packages;
        listed.sort_by(|one, other| one.href.cmp(&other.href));
        let hrefs: Vec<&str> = listed.iter().map(|package| package.href.as_str()).collect();
        assert_eq!(hrefs, names);
        for listed in listed {
            let package = PackageFile::read(&folder.join(&listed.href)).unwrap();
            assert_eq!((listed.digest, listed.size), (Some(package.digest), package.size));
            assert_eq!(listed.nevra.parse().as_ref(), Ok(&package.nevra));
        }
    }
}

/// Runs this very test again with another number of threads: the environment of a process of threads is not to be changed.
#[test]
fn threads_and_order_shape_no_byte() {
    const TEST: &str = "repodata::threads_and_order_shape_no_byte";
    if let Ok(folder) = std::env::var("TEST_FOLDER") {
        let folder = Path::new(&folder);
        let names = std::fs::read_to_string(folder.join("names")).unwrap();
        let mut names: Vec<String> = names.lines().map(str::to_owned).collect();
        if std::env::var("RELENG_THREADS").unwrap() != "1" {
            names.reverse();
        }
        let index = render(&describe(folder, &names), TIMESTAMP).unwrap().pop().unwrap();
        assert_eq!(index.name, INDEX);
        return std::fs::write(folder.join("index"), index.content).unwrap();
    }
    let folder = Sandbox::bare();
    folder.write("names", build_varied(folder.path()).join("\n"));
    let program = std::env::current_exe().unwrap();
    let index_with = |threads: &str| {
        let variables = [("TEST_FOLDER", folder.path().to_str().unwrap()), ("RELENG_THREADS", threads)];
        run_in(folder.path(), program.to_str().unwrap(), &["--exact", TEST], &variables).exits(0);
        let index = std::fs::read_to_string(folder.join("index")).unwrap();
        std::fs::remove_file(folder.join("index")).unwrap();
        index
    };
    assert_eq!(index_with("1"), index_with("4"));
}

#[test]
fn a_package_that_is_not_sound_is_named() {
    let folder = Sandbox::bare();
    let sound = Rpm::new("lago", "1.0.1").dist("el9").payload(8192).build_into(&folder.join("sound"));
    let bytes = std::fs::read(&sound).unwrap();
    let head = PackageFile::read(&sound).unwrap().head;
    let header = head.before_header.len();
    let payload = header + head.header.bytes().len();
    let name = "lago-1.0.1-1.el9.noarch.rpm";
    let flip = |at: usize| {
        let mut bytes = bytes.clone();
        bytes[at] ^= 1;
        bytes
    };
    let sha256 = bytes.windows(10).position(|part| part[..9].iter().all(u8::is_ascii_hexdigit)).unwrap();
    let cases = [
        ("no lead", flip(0), name, "it does not begin with the magic number of an RPM"),
        ("signature header: magic", flip(96), name, "its signature header: it does not begin"),
        ("signature header: digest of the header", flip(sha256), name, "its header does not have the digest"),
        ("header: magic", flip(header), name, "its header: it does not begin"),
        ("header: index", flip(header + 40), name, "its header: HEADERI18NTABLE (100): its value overlaps"),
        ("header: store", flip(payload - 200), name, "its header does not have the digest"),
        ("payload: start", flip(payload), name, "its payload does not have the digest in its header"),
        ("payload: end", flip(bytes.len() - 1), name, "its payload does not"),
        ("without the last byte", bytes[..bytes.len() - 1].to_vec(), name, "its payload does not"),
        ("without the payload", bytes[..payload].to_vec(), name, "its payload does not"),
        ("cut in the header", bytes[..payload - 10].to_vec(), name, "its header: it ends too early"),
        ("cut in the lead", bytes[..50].to_vec(), name, "it ends too early"),
        ("with one byte more", [&bytes[..], b"\n"].concat(), name, "its payload does not"),
        ("empty", Vec::new(), name, "it ends too early"),
        (
            "text",
            b"<html>404 Not Found</html>\n".repeat(500),
            name,
            "it does not begin with the magic number of an RPM",
        ),
        (
            "another version",
            bytes.clone(),
            "lago-1.0.2-1.el9.noarch.rpm",
            "by its header, the file name is `lago-1.0.1-1.el9.noarch.rpm`",
        ),
        ("another ending", bytes.clone(), "lago-1.0.1-1.el9.noarch.rpm.bak", "by its header"),
        ("the name of a source package", bytes.clone(), "lago-1.0.1-1.el9.src.rpm", "by its header"),
    ];
    for (what, content, name, why) in cases {
        folder.write(name, content);
        let error = match PackageFile::read(&folder.join(name)) {
            Ok(_) => panic!("{what}: taken"),
            Err(error) => format!("{error:#}"),
        };
        assert!(error.contains(folder.join(name).to_str().unwrap()) && error.contains(why), "{what}: {error}");
    }
    let listed = PackageFile::read(&sound).unwrap();
    folder.write(name, &bytes);
    let again = PackageFile::read_listed(&folder.join(name), listed.digest).unwrap();
    assert_eq!((again.digest, again.content, again.size), (listed.digest, listed.content, listed.size));
    folder.write(name, flip(payload));
    let error = PackageFile::read_listed(&folder.join(name), listed.digest).map(|_| ()).unwrap_err().to_string();
    assert!(error.contains(name) && error.contains(&format!("not {}", listed.digest)), "{error}");
    for at in (header..bytes.len()).step_by(61) {
        folder.write(name, flip(at));
        assert!(PackageFile::read(&folder.join(name)).is_err(), "byte {at} of {}", bytes.len());
    }
}

#[test]
fn repodata_that_is_not_sound_is_named() {
    let folder = Sandbox::bare();
    let names = build_varied(folder.path());
    write(&render(&describe(folder.path(), &names), TIMESTAMP).unwrap(), folder.path());
    let index = std::fs::read_to_string(folder.join("repodata/repomd.xml")).unwrap();
    let listing = read(&fetch_from(folder.path())).unwrap();
    let primary = listing.files[0].as_str();
    let packed = std::fs::read(folder.join(primary)).unwrap();
    let damaged = |change: &dyn Fn()| {
        folder.write("repodata/repomd.xml", &index);
        folder.write(primary, &packed);
        change();
        let fault: RepodataFault = read(&fetch_from(folder.path())).unwrap_err().downcast().unwrap();
        let error = format!("{:#}", load(&TreePath::top(folder.path())).unwrap_err());
        assert!(error.contains(&fault.file) && error.contains(folder.path().to_str().unwrap()), "{error}");
        (fault.file, fault.why)
    };
    let in_index = |from: &str, to: &str| {
        assert!(index.contains(from), "{from}");
        damaged(&|| folder.write("repodata/repomd.xml", index.replacen(from, to, 1)))
    };
    folder.write("outside.xml", "<metadata/>");
    for outside in
        ["repodata/../outside.xml", "outside.xml", "/etc/passwd", "../a", "repodata/", "repodata/.x", "repodata/a/b"]
    {
        assert_eq!(
            in_index(primary, outside),
            (outside.to_owned(), "it is outside of the folder `repodata`".to_owned())
        );
    }
    let is_primary =
        |(file, why): (String, String), wanted: &str| assert!(file == primary && why == wanted, "{file}: {why}");
    let mut flipped = packed.clone();
    flipped[packed.len() / 2] ^= 1;
    is_primary(damaged(&|| folder.write(primary, &flipped)), "its digest differs from the index");
    is_primary(damaged(&|| folder.write(primary, &packed[1..])), "its size differs from the index");
    let index_is_named = |(file, _): (String, String)| assert_eq!(file, "repodata/repomd.xml");
    index_is_named(in_index("<checksum type=\"sha256\">", "<checksum type=\"md5\">"));
    index_is_named(in_index("type=\"primary\"", "type=\"primus\""));
    index_is_named(in_index("</data>", "</date>"));
    let open_digest = index.split("<open-checksum type=\"sha256\">").nth(1).unwrap().split('<').next().unwrap();
    for (from, to) in [("<open-size>", "<open-size>1"), (open_digest, &"0".repeat(64))] {
        folder.write("repodata/repomd.xml", index.replacen(from, to, 1));
        let fault: RepodataFault = read(&fetch_from(folder.path())).unwrap_err().downcast().unwrap();
        assert_eq!((fault.file.as_str(), fault.why.as_str()), (primary, "its unpacked content differs from the index"));
    }
}

#[test]
fn no_file_is_unpacked_further_than_its_index_states() {
    const SIZE: u64 = 257 << 20;
    let mut packed = Vec::new();
    let zeros = |blocks: &mut gzip::Blocks| Ok(std::io::copy(&mut std::io::repeat(0).take(SIZE), blocks)?);
    gzip::compress_at(1, &mut packed, 2, zeros).unwrap();
    let mut rest = packed.as_slice();
    assert_eq!(gzip::unpack(&mut rest, 1000).unwrap_err().to_string(), "it has more than 1000 bytes");
    assert!(rest.len() > packed.len() / 2, "{} of {} bytes were read", packed.len() - rest.len(), packed.len());
    let (digest, size) = (digest_of(&packed), packed.len());
    for (stated, most) in [("<open-size>5000</open-size>", 5000), ("", 256_u64 << 20)] {
        let index = format!(
            "<repomd><data type=\"primary\"><checksum type=\"sha256\">{digest}</checksum><location href=\"repodata/a.gz\"/>\
             <size>{size}</size>{stated}</data></repomd>"
        );
        let fetch = |file: &str| Ok(if file.ends_with(INDEX) { index.clone().into_bytes() } else { packed.clone() });
        let fault: RepodataFault = read(&fetch).unwrap_err().downcast().unwrap();
        assert_eq!(fault.to_string(), format!("`repodata/a.gz`: it cannot be unpacked: it has more than {most} bytes"));
    }
}
