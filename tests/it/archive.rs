//! Source archives against the real `git archive`, byte for byte.

mod tags;

use std::ffi::OsStr;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Mutex;

use releng::base::checksum::{self, HashingWriter};
use releng::base::error::Failure;
use releng::base::gzip;
use releng::base::progress::{Progress, Silent};
use releng::git::{CommitId, Repository};
use releng::source::tarball;
use releng::source::zip;
use releng::source::{Export, ExportRequest, GeneratedFile};
use xshell::{Shell, cmd};

use crate::support::repo::{GitRepo, shell_in};

const PREFIX: &str = "lago-1.0.4";
/// A name that is not UTF-8.
const LATIN_1: &[u8] = b"caf\xe9";
/// The modes as they stand in the archive, which is what unzip gives.
const UNTAR: &str = "tar --same-permissions -xf ../a.tar";

fn load(repository: &Repository, commit: CommitId, generated: &[GeneratedFile]) -> anyhow::Result<Export> {
    let request = ExportRequest { commit, prefix: PREFIX, tag: "1.0.4", generated: generated.to_vec() };
    Export::load(repository, request, &Silent)
}

fn tar(export: &Export) -> anyhow::Result<Vec<u8>> {
    let mut out = Vec::new();
    tarball::write(export, &mut out, 3, &Silent)?;
    Ok(out)
}

/// What git makes of the commit; `generated` lie in a folder of their own.
fn git_tar(shell: &Shell, commit: CommitId, generated: &[GeneratedFile]) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let mut added = Vec::new();
    for file in generated {
        std::fs::write(folder.path().join(&file.path), &file.content).unwrap();
        added.push(format!("--add-file={}", folder.path().join(&file.path).display()));
    }
    let (commit, prefix) = (commit.to_string(), format!("{PREFIX}/"));
    let pinned = ["-c", "tar.umask=0002", "-c", "core.autocrlf=false", "-c", "core.abbrev=40"];
    let git = cmd!(shell, "git {pinned...} archive --format=tar --prefix={prefix} {added...} {commit}");
    git.quiet().output().unwrap().stdout
}

/// Our tarball of `commit` has git's bytes.
#[track_caller]
fn assert_same(repo: &GitRepo, commit: CommitId, generated: &[GeneratedFile]) -> Vec<u8> {
    let ours = tar(&load(&repo.open(), commit, generated).unwrap()).unwrap();
    assert_same_bytes(&ours, &git_tar(repo.shell(), commit, generated));
    ours
}

#[track_caller]
fn assert_same_bytes(ours: &[u8], gits: &[u8]) {
    let differs = ours.iter().zip(gits).position(|(a, b)| a != b);
    let Some(at) = differs.or((ours.len() != gits.len()).then_some(ours.len().min(gits.len()))) else { return };
    let around = |bytes: &[u8]| {
        let range = at.saturating_sub(200).min(bytes.len())..(at + 200).min(bytes.len());
        String::from_utf8_lossy(&bytes[range]).replace('\0', "")
    };
    panic!("byte {at} of {} and {}\nours: {}\ngit's: {}", ours.len(), gits.len(), around(ours), around(gits));
}

fn generated() -> Vec<GeneratedFile> {
    let long = format!("{}.txt", "generated".repeat(13));
    let file = |name: &str, content: &[u8]| GeneratedFile {
        path: name.to_owned(),
        content: content.to_vec(),
        ..GeneratedFile::default()
    };
    vec![file("ChangeLog", b"* all new\n"), file(".release.json", b"{}\n"), file(&long, b""), file("z.spec", &[7; 512])]
}

/// Every trap that a tree can hold.
fn traps() -> GitRepo {
    let repo = GitRepo::new();
    attribute_traps(&repo);
    repo.write("crlf.txt", "a\nb\r\nc\n").write("auto/mixed.txt", "a\nb\r\n").write("auto/lf.txt", "a\nb\n");
    repo.write("auto/binary", b"a\n\0").write("auto/no-text.txt", "a\n").write("auto/empty.txt", "");
    repo.write("ident.c", "$Id$ $Id: x $ $Id: a b $\n").write("both.c", "$Id$\n$Format:%H %an$\n");
    repo.write("subst.txt", "v $Format:%H%n%T %P|%an <%ae>|%cD|%s|%b$ $Format:%at$ $Format:%Q%+b%-b$");
    repo.write_executable("run.sh", "#!/bin/sh\n").link("link", "run.sh").link("deep/link", &"x/".repeat(80));
    repo.write("a/".repeat(60) + "file", "split at a slash\n").write("b/".repeat(140) + "file", "too deep\n");
    repo.write(format!("{}/{}", "d".repeat(120), "e".repeat(110)), "no slash in the right place\n");
    repo.write("n".repeat(255), "long name\n").write("c/".repeat(30) + &"m".repeat(200), "long name\n");
    repo.write(format!("{}/x", "f".repeat(99 - PREFIX.len())), "a folder of exactly 100 bytes\n");
    repo.write(LATIN_1, "latin-1\n").write("caf\u{e9}", "utf-8\n").write("with space", "x");
    repo.write("exactly-512", vec![b'x'; 512]).write("large", vec![b'y'; 300_000]);
    repo.submodule("sub", "0123456789012345678901234567890123456789");
    repo
}

fn attribute_traps(repo: &GitRepo) {
    let root = "\u{feff}bom.txt export-ignore\n[attr]secret export-ignore\n# comment\n\
        *.ignored export-ignore\n/top-only export-ignore\ntests/ export-ignore\n*.kept -export-ignore\n\
        \"quo\\164ed name\" export-ignore\n!negative export-ignore\ndocs/**/draft-[0-9].md export-ignore\n\
        hidden secret\nshown secret !export-ignore\nall-ignored/* export-ignore\nonly-folders/*/ export-ignore\n\
        folder-only/ export-ignore\nbad..name= x/y\n\
        crlf.txt eol=crlf\nauto/* text=auto eol=crlf\nauto/no-text.txt binary\n\
        ident.c ident\nboth.c ident eol=crlf export-subst\nsubst.txt export-subst\nempty-dir export-ignore\n";
    repo.write(".gitattributes", root);
    repo.write(
        "sub-rules/.gitattributes",
        "*.txt export-ignore\nkeep.txt !export-ignore\n[attr]secret -x\n/d/e export-ignore\n",
    );
    repo.write("linked/real", "* export-ignore\n").link("linked/.gitattributes", "x export-ignore");
    repo.write("linked/x", "x");
    let paths = "bom.txt a.ignored sub/top-only top-only tests/x other/tests/x other/tests-file a.kept negative hidden \
        docs/draft-1.md docs/a/b/draft-2.md docs/draft-x.md shown all-ignored/x only-folders/a/x only-folders/b/y \
        folder-only other/folder-only/x sub-rules/a.txt sub-rules/keep.txt sub-rules/deep/b.txt sub-rules/d/e \
        deep/sub-rules/a.txt";
    for path in paths.split_whitespace() {
        repo.write(path, path);
    }
    repo.write("quoted name", "x").write("export", "x");
}

#[test]
fn a_tree_of_traps_is_archived_as_by_git() {
    let repo = traps();
    let commit = repo.commit("Subject line\ngoes on\n\nBody.\n\nEnd.\n");
    assert_same(&repo, commit, &[]);
    assert_same(&repo, commit, &generated());
}

#[test]
fn an_empty_tree_is_archived_as_by_git() {
    let repo = GitRepo::new();
    let commit = repo.commit("nothing");
    assert_same(&repo, commit, &[]);
    assert_same(&repo, commit, &generated());
}

#[test]
fn a_date_that_octal_digits_cannot_hold_is_archived_as_by_git() {
    let repo = GitRepo::new();
    repo.write("a", "a");
    for seconds in [0o77_777_777_777, 0o77_777_777_777 + 1] {
        let commit = repo.commit_at(seconds, "late");
        assert_same(&repo, commit, &[]);
    }
}

#[test]
fn the_padding_at_the_end_is_gits() {
    let repo = GitRepo::new();
    for records in [12, 13, 14, 15, 16] {
        repo.write("file", vec![b'x'; records * 512]);
        let commit = repo.commit("padded");
        assert_same(&repo, commit, &[]);
    }
}

#[test]
fn placeholders_are_expanded_as_by_git() {
    let letters = "H h T t P p an ae al ad aD ai aI at as cn ce cl cd cD ci cI ct cs e s f b B n m % x41 xzz Q aQ Cred \
        C(red) C(auto) Cx (nothing) +s -s +e -e ae+";
    let mut text: String =
        letters.split_whitespace().map(|letter| format!("{letter}: [$Format:%{letter}$]\n\n")).collect();
    text += "$Format:% s% e$ $Format:%%H$ $Format:%$ $Format:unfinished";
    let repo = GitRepo::new();
    repo.write("file", text).write(".gitattributes", "file export-subst");
    let messages =
        ["Subject.. of: [one] \n\nBody\n", "\n\n two\nlines\n \n\n\nb\n\nc\n\n", "...", "caf\u{e9}: \u{fc}\n\u{2014}"];
    for message in messages {
        let commit = repo.commit(message);
        assert_same(&repo, commit, &[]);
    }
}

#[test]
fn a_commit_in_latin_1_is_expanded_as_by_git() {
    let repo = GitRepo::new();
    repo.write("file", "$Format:%s|%e$ $Format:%b$").write(".gitattributes", "file export-subst");
    let (shell, message) = (repo.shell(), b"caf\xe9\n\n\xfcber\n");
    cmd!(shell, "git add --all").run().unwrap();
    cmd!(shell, "git -c i18n.commitEncoding=ISO-8859-1 commit --quiet --file=-").stdin(message).run().unwrap();
    assert_same(&repo, repo.open().head().unwrap(), &[]);
}

#[test]
fn a_tracked_file_of_a_generated_name_is_left_out_with_a_warning() {
    let repo = GitRepo::new();
    repo.write("README", "x").write("doc/ChangeLog", "kept");
    let without = repo.commit("one");
    repo.write("ChangeLog", "old");
    let with = repo.commit_at(1_500_000_000, "one");
    let heard = Heard::default();
    let request = |commit| ExportRequest { commit, prefix: PREFIX, tag: "1.0.4", generated: generated() };
    let ours = tar(&Export::load(&repo.open(), request(with), &heard).unwrap()).unwrap();
    let expected = tar(&Export::load(&repo.open(), request(without), &Silent).unwrap()).unwrap();
    assert_same_bytes(&ours[1024..], &expected[1024..]); // behind the global header, which names the commit
    assert_eq!(heard.warnings(), ["`ChangeLog` is generated: the tracked one is left out of the archives"]);
}

#[derive(Default)]
struct Heard(Mutex<Vec<String>>);

impl Heard {
    fn warnings(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

impl Progress for Heard {
    fn begin(&self, _what: &str, _total: Option<u64>) {}
    fn advance(&self, _count: u64) {}
    fn end(&self) {}
    fn warn(&self, message: &str) {
        self.0.lock().unwrap().push(message.to_owned());
    }
}

#[test]
fn compressed_it_is_the_same_tarball() {
    let repo = traps();
    let commit = repo.commit("traps");
    let export = load(&repo.open(), commit, &generated()).unwrap();
    let compressed = |threads| {
        let mut out = HashingWriter::new(Vec::new());
        gzip::compress(&mut out, threads, |tar| tarball::write(&export, tar, threads, &Silent)).unwrap();
        out.finish()
    };
    let (bytes, digest) = compressed(1);
    assert_eq!(compressed(4).1, digest);
    let shell = repo.shell();
    let unpacked = cmd!(shell, "gunzip --stdout").stdin(&bytes).output().unwrap().stdout;
    assert_eq!(checksum::digest_of(&unpacked), checksum::digest_of(&git_tar(shell, commit, &generated())));
}

#[test]
fn the_zip_unpacks_to_the_same_tree() {
    let repo = traps();
    std::fs::remove_file(repo.path().join(OsStr::from_bytes(LATIN_1))).unwrap();
    let commit = repo.commit("traps");
    let export = load(&repo.open(), commit, &generated()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.tar"), tar(&export).unwrap()).unwrap();
    let archive = zipped(&export, 1);
    assert!(archive == zipped(&export, 4));
    std::fs::write(folder.path().join("a.zip"), archive).unwrap();
    let (zip, tar) = (listing(folder.path(), "unzip -q ../a.zip"), listing(folder.path(), UNTAR));
    let differing: Vec<_> = zip.lines().zip(tar.lines()).filter(|(zip, tar)| zip != tar).collect();
    assert!(differing.is_empty() && zip.len() == tar.len(), "{differing:#?}");
}

fn zipped(export: &Export, threads: usize) -> Vec<u8> {
    let mut out = Vec::new();
    zip::write(export, &mut out, threads, &Silent).unwrap();
    out
}

/// Unpacks with `command` in a new folder, and lists what came out: mode, date, link target, path, digest.
fn listing(folder: &Path, command: &str) -> String {
    let unpacked = tempfile::tempdir_in(folder).unwrap();
    let shell = shell_in(unpacked.path());
    shell.set_var("TZ", "Asia/Tokyo");
    shell.set_var("LC_ALL", "C.UTF-8");
    let list = "find . -mindepth 1 -printf '%M %l %p ' \\( -type l -printf '\\n' -o -printf '%T@\\n' \\) | sort -k 3";
    let sums = "find . -type f -print0 | sort -z | xargs -0 sha256sum";
    let script = format!("umask 022; {command} && {list} && {sums}");
    cmd!(shell, "sh -c {script}").quiet().read().unwrap()
}

#[track_caller]
fn assert_refused(outcome: anyhow::Result<Vec<u8>>, message: &str) {
    let error = outcome.unwrap_err();
    let failure: &Failure = error.downcast_ref().unwrap();
    assert!(failure.message.contains(message) && failure.help.is_some(), "{failure:?}");
}

#[test]
fn what_an_archive_cannot_hold_is_refused_by_name() {
    let pointer = format!("version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 1\n", "0".repeat(64));
    let cases = [
        ("file filter=lfs", pointer.as_bytes(), "`dir/file`: the commit holds a Git LFS pointer"),
        ("file working-tree-encoding=UTF-16", b"\xff\xfea\0", "`dir/file`: its `working-tree-encoding` is `UTF-16`"),
        ("file export-subst", b"$Format:%h %ar$", "`dir/file`: `%ar`"),
        ("file export-subst", b"$Format:%(describe:match=v*)$", "does not match `1.0.4`, the tag of this version"),
    ];
    for (attributes, content, message) in cases {
        let repo = GitRepo::new();
        let commit = repo.write("dir/.gitattributes", attributes).write("dir/file", content).commit("x");
        assert_refused(load(&repo.open(), commit, &[]).and_then(|export| tar(&export)), message);
    }
}

#[test]
fn a_partial_clone_is_refused_by_the_missing_file() {
    let repo = GitRepo::new();
    let commit = repo.write("dir/here", "here").write("dir/missing", "gone").commit("x");
    let shell = repo.shell();
    let id = cmd!(shell, "git rev-parse HEAD:dir/missing").read().unwrap();
    std::fs::remove_file(repo.path().join(".git/objects").join(&id[..2]).join(&id[2..])).unwrap();
    assert_refused(load(&repo.open(), commit, &[]).and_then(|export| tar(&export)), "`dir/missing`: object");
}

#[test]
fn a_zip_refuses_names_that_are_not_utf_8() {
    let repo = GitRepo::new();
    let commit = repo.write(LATIN_1, "latin-1").commit("x");
    let export = load(&repo.open(), commit, &[]).unwrap();
    let refused = zip::write(&export, &mut std::io::sink(), 2, &Silent);
    assert_refused(refused.map(|()| Vec::new()), "its name is not UTF-8");
}

#[test]
fn a_full_disk_is_an_error() {
    let repo = traps();
    let export = load(&repo.open(), repo.commit("traps"), &[]).unwrap();
    let full = || std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let compressed = gzip::compress(&mut full(), 2, |tar| tarball::write(&export, tar, 2, &Silent));
    assert_eq!(compressed.unwrap_err().to_string(), "No space left on device (os error 28)");
    let plain = tarball::write(&export, &mut full(), 2, &Silent);
    assert_eq!(plain.unwrap_err().to_string(), "No space left on device (os error 28)");
}

/// The bytes are part of the promise. Where this fails after an update of a dependency, archives made before and after
/// it differ: say so in the changelog.
#[test]
fn the_bytes_have_not_changed() {
    let repo = GitRepo::new();
    let commit =
        repo.write("folder/file", "text\n".repeat(100)).write_executable("run", "x").link("link", "run").commit("x");
    let export = load(&repo.open(), commit, &generated()).unwrap();
    let mut compressed = Vec::new();
    gzip::compress(&mut compressed, 2, |tar| tarball::write(&export, tar, 2, &Silent)).unwrap();
    let digests = [compressed, zipped(&export, 2)].map(|bytes| checksum::digest_of(&bytes).to_string());
    let expected = [
        "be8968ad416627475b9a04050905a7d54de20be7568147e4d69b43eb0dd9e44b",
        "521b86509baa9e96e03448fab1135849c770b763e0568a03da69e058d18e40ef",
    ];
    assert_eq!(digests, expected);
}

#[test]
fn sha256sum_reads_our_sums() {
    let folder = tempfile::tempdir().unwrap();
    let shell = shell_in(folder.path());
    let names = ["plain", "with space", "back\\slash", "line\nfeed", "carriage\rreturn"];
    names.iter().for_each(|name| std::fs::write(folder.path().join(name), name).unwrap());
    let sums = checksum::render_sums(names.map(|name| (name, checksum::digest_of(name.as_bytes()))));
    cmd!(shell, "sha256sum --check --strict --quiet").stdin(sums).run().unwrap();
}

/// Archives `rev` of a repository as git does, with the same gzip on any number of threads.
fn check_real(path: &Path, rev: &str) {
    let repository = Repository::open(path).unwrap();
    let commit = repository.resolve(rev).unwrap();
    let export = load(&repository, commit, &[]).unwrap();
    let ours = tar(&export).unwrap_or_else(|error| panic!("{}@{rev}: {error:#}", path.display()));
    assert_same_bytes(&ours, &git_tar(&shell_in(path), commit, &[]));
    let digest = |threads| {
        let mut out = HashingWriter::new(std::io::sink());
        gzip::compress(&mut out, threads, |tar| Ok(tar.write_all(&ours)?)).unwrap();
        out.finish().1
    };
    let digests = [1, 2, 3, 5].map(digest);
    assert!(digests.iter().all(|other| *other == digests[0]), "{}@{rev}: {digests:?}", path.display());
}

#[test]
fn our_own_repository_is_archived_as_by_git() {
    check_real(&crate::support::root(), "HEAD");
}

#[test]
#[ignore = "reads the repositories that RELENG_REPOSITORIES names: scripts/real-world"]
fn real_repositories_are_archived_as_by_git() {
    let list =
        std::env::var("RELENG_REPOSITORIES").expect("RELENG_REPOSITORIES is a list like PATH's of REPO or REPO@REV");
    for item in list.split(':') {
        let (path, rev) = item.split_once('@').unwrap_or((item, "HEAD"));
        check_real(Path::new(path), rev);
    }
}
