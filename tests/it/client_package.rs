//! The package that makes a machine a client, as rpm and rpmlint see it.

use std::path::{Path, PathBuf};

use releng::repository::clients::package::ClientPackage;

use crate::support::program::{Ran, Sandbox, run_in};

const REPO: &str = "/etc/yum.repos.d/lago-stable-1.0-el9.repo";
const KEY: &str = "/etc/pki/rpm-gpg/RPM-GPG-KEY-lago";

fn package(release: u32) -> ClientPackage<'static> {
    let files = vec![(REPO.to_owned(), b"[lago]\n".to_vec()), (KEY.to_owned(), b"key\n".to_vec())];
    let (summary, license) = ("Where the packages of Lago are", "GPL-2.0-or-later");
    let date = "2020-03-19T08:24:41Z".parse().unwrap();
    let packager = "Lago <lago@example.org>";
    ClientPackage { name: "lago-repo", version: "1.0.0", release, summary, license, packager, files, date }
}

/// Writes it; its path.
fn written(folder: &Sandbox, package: &ClientPackage) -> PathBuf {
    folder.write(&package.file_name(), package.render().unwrap());
    folder.join(&package.file_name())
}

fn rpm(args: &[&str], package: &Path) -> Ran {
    run_in(Path::new("/"), "rpm", &[args, &[package.to_str().unwrap()]].concat(), &[]).exits(0)
}

#[test]
fn it_holds_what_it_was_given() {
    let folder = Sandbox::bare();
    let path = written(&folder, &package(1));
    assert!(path.ends_with("lago-repo-1.0.0-1.noarch.rpm"));
    assert!(rpm(&["-K"], &path).stdout.ends_with("digests OK\n"));
    rpm(&["-qp", "--scripts", "--list"], &path).prints(&format!("{KEY}\n{REPO}\n"));
    rpm(&["-qp", "--configfiles"], &path).prints(&format!("{REPO}\n"));
    let query = "%{NVRA} %{LICENSE} %{BUILDTIME} %{BUILDHOST} %{PAYLOADCOMPRESSOR}\n\
        [%{FILENAMES} %{FILEMODES:octal} %{FILEUSERNAME} %{FILEGROUPNAME} %{FILEMTIMES} %{FILEFLAGS:fflags}\n]";
    rpm(&["-qp", "--qf", query], &path).prints(&format!(
        "lago-repo-1.0.0-1.noarch GPL-2.0-or-later 1584606281 reproducible gzip\n\
        {KEY} 100644 root root 1584606281 \n{REPO} 100644 root root 1584606281 cn\n"
    ));
}

/// What rpm 4.8 of el6 knows; a package that needs more cannot be installed there.
#[test]
fn the_oldest_rpm_can_install_it() {
    let folder = Sandbox::bare();
    let path = written(&folder, &package(1));
    let mut needs: Vec<String> = rpm(&["-qpR"], &path).stdout.lines().map(str::to_owned).collect();
    needs.retain(|need| !need.starts_with("config(lago-repo) = "));
    let known = [
        "rpmlib(CompressedFileNames) <= 3.0.4-1",
        "rpmlib(FileDigests) <= 4.6.0-1",
        "rpmlib(PayloadFilesHavePrefix) <= 4.0-1",
    ];
    assert!(needs.iter().all(|need| known.contains(&need.as_str())), "{needs:?}");
}

#[test]
fn an_edited_file_survives_an_upgrade_and_a_key_does_not() {
    let folder = Sandbox::bare();
    let root = folder.join("root");
    let rpm = |what: &str, package: &ClientPackage| {
        let path = written(&folder, package);
        let args = ["--root", root.to_str().unwrap(), what, "--nosignature", path.to_str().unwrap()];
        run_in(folder.path(), "rpm", &args, &[]).exits(0);
    };
    rpm("-i", &package(1));
    assert_eq!(folder.files("root/etc"), ["pki/rpm-gpg/RPM-GPG-KEY-lago", "yum.repos.d/lago-stable-1.0-el9.repo"]);
    let verify = ["--root", root.to_str().unwrap(), "-V", "lago-repo"];
    run_in(folder.path(), "rpm", &verify, &[]).exits(0).prints("");
    folder.write(&format!("root{REPO}"), "[mine]\n");
    let files = vec![(REPO.to_owned(), b"[new]\n".to_vec()), (KEY.to_owned(), b"new\n".to_vec())];
    rpm("-U", &ClientPackage { files, ..package(2) });
    let content = |path: &str| std::fs::read_to_string(folder.join(&format!("root{path}"))).unwrap();
    assert_eq!((content(REPO).as_str(), content(KEY).as_str()), ("[mine]\n", "new\n"));
    assert_eq!(content(&format!("{REPO}.rpmnew")), "[new]\n");
}

#[test]
fn the_same_content_gives_the_same_bytes() {
    let bytes = package(1).render().unwrap();
    std::thread::sleep(std::time::Duration::from_millis(1100));
    assert!(package(1).render().unwrap() == bytes);
    assert!(package(2).render().unwrap() != bytes);
}

/// But the one that is the caller's to mend.
#[test]
fn rpmlint_finds_no_error() {
    let folder = Sandbox::bare();
    let path = written(&folder, &package(1));
    let said = run_in(folder.path(), "rpmlint", &[path.to_str().unwrap()], &[]).stdout;
    let errors: Vec<&str> = said.lines().filter(|line| line.contains(" E: ")).collect();
    assert_eq!(errors, ["lago-repo.noarch: E: no-signature"], "{said}");
}

#[test]
fn what_cannot_be_a_package() {
    let error = |package: ClientPackage| format!("{:#}", package.render().map(|_| "a package").unwrap_err());
    for date in ["1969-01-01T00:00:00Z", "2200-01-01T00:00:00Z"] {
        let error = error(ClientPackage { date: date.parse().unwrap(), ..package(1) });
        assert!(error.starts_with("cannot make `lago-repo-1.0.0-1.noarch.rpm`"), "{error}");
    }
    assert!(error(ClientPackage { version: "1.0-1", ..package(1) }).contains("version"));
    assert!(error(ClientPackage { summary: "a\nb", ..package(1) }).contains("summary"));
}
