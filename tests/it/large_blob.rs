//! Large files: the archives have git's bytes, and the program does not hold them in memory.

use std::fs::File;
use std::io::Write;

use releng::base::progress::Silent;
use releng::git::{CommitId, Repository};
use releng::source::{Export, ExportRequest, tarball, zip};
use xshell::cmd;

use crate::support::program::{PROGRAM, Sandbox, run_in};
use crate::support::repo::GitRepo;

/// Prints the largest memory, in KiB, that a command takes.
const MEMORY: &str = "import resource, subprocess, sys\nsubprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)\n\
    print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)";

/// Bytes that compress badly, and are not the same everywhere.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 7_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    (0..length).map(|_| next()).collect()
}

fn export(repository: &Repository, commit: CommitId) -> Export {
    let request = ExportRequest { commit, prefix: "x-1", tag: "1", generated: Vec::new() };
    Export::load(repository, request, &Silent).unwrap()
}

#[test]
fn large_files_are_archived_as_by_git() {
    let repo = GitRepo::new();
    let large = noise(9 << 20);
    repo.write("a", "small\n").write("b/large", &large).write("z", "small\n");
    // A file that is converted is read as a whole.
    repo.write("crlf.txt", "line\n".repeat(2_000_000)).write(".gitattributes", "crlf.txt text eol=crlf\n");
    repo.write_executable("run", &"x".repeat((8 << 20) + 1));
    // Packed as a difference to the other one.
    repo.write("similar", [&large[..], b"more"].concat());
    let commit = repo.commit("large");
    let shell = repo.shell();
    let archived = || {
        let export = export(&repo.open(), commit);
        let mut tar = Vec::new();
        tarball::write(&export, &mut tar, 3, &Silent).unwrap();
        let mut zipped = Vec::new();
        zip::write(&export, &mut zipped, 2, &Silent).unwrap();
        let gits =
            cmd!(shell, "git -c tar.umask=0002 archive --format=tar --prefix=x-1/ HEAD").quiet().output().unwrap();
        assert!(tar == gits.stdout);
        (tar, zipped)
    };
    let loose = archived();
    cmd!(shell, "git -c pack.window=10 gc --quiet").run().unwrap();
    assert!(archived() == loose, "the form in which git keeps a file changes nothing");
    let folder = Sandbox::bare();
    File::create(folder.join("a.zip")).unwrap().write_all(&loose.1).unwrap();
    run_in(folder.path(), "unzip", &["-q", "a.zip"], &[]).exits(0).says_nothing();
    assert!(std::fs::read(folder.join("x-1/b/large")).unwrap() == large);
    run_in(folder.path(), "test", &["-x", "x-1/run"], &[]).exits(0);
}

#[test]
fn a_large_file_takes_little_memory() {
    const SIZE: u64 = 256 << 20;
    const MOST_MEMORY: u64 = 150 << 10;
    let project =
        Sandbox::unreleased(&[("packaging/release.toml", "[project]\nname = \"demo\"\n"), (".gitignore", "/target\n")]);
    File::create(project.join("large")).unwrap().set_len(SIZE).unwrap();
    project.git(&["add", "large"]);
    project.git(&["commit", "-q", "-m", "Add a large file"]);
    project.git(&["tag", "1.0"]);
    for packed in [false, true] {
        if packed {
            project.git(&["repack", "-q", "-a", "-d"]);
        }
        let args = ["-c", MEMORY, PROGRAM, "-q", "dist", "--no-stage"];
        let memory = run_in(project.path(), "python3", &args, &[("RELENG_THREADS", "2")]).exits(0).stdout;
        let memory: u64 = memory.trim().parse().unwrap();
        assert!(memory < MOST_MEMORY, "{memory} KiB, packed: {packed}");
    }
    let listed =
        run_in(project.path(), "tar", &["-tvzf", "target/dist/sources/demo-1.0.0.tar.gz"], &[]).exits(0).stdout;
    assert!(listed.contains(&format!(" {SIZE} ")), "{listed}");
}

#[test]
fn a_large_object_that_is_cut_short_is_an_error() {
    let repo = GitRepo::new();
    let commit = repo.write("large", noise(9 << 20)).commit("large");
    let shell = repo.shell();
    cmd!(shell, "git repack -q -a -d").run().unwrap();
    let pack = cmd!(shell, "sh -c 'ls .git/objects/pack/*.pack'").read().unwrap();
    let pack = repo.path().join(pack);
    let mut permissions = pack.metadata().unwrap().permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o600);
    std::fs::set_permissions(&pack, permissions).unwrap();
    let export = export(&repo.open(), commit);
    let mut bytes = std::fs::read(&pack).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 64].fill(0);
    std::fs::write(&pack, bytes).unwrap();
    let error = tarball::write(&export, &mut std::io::sink(), 2, &Silent).unwrap_err();
    assert!(format!("{error:#}").contains("cannot read"), "{error:#}");
}
