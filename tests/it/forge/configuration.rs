//! The keys and variables that say which forge it is and who asks, and what is said where they lead nowhere.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use releng::base::error::{Exit, Failure};
use releng::forge::Forge;
use releng::project::config::{Config, ForgeKind};

use super::failure;
use crate::support::forge::{Double, PROJECT, TOKEN};

/// Opens a forge with the text of a configuration, the address of a remote, and variables.
fn open(text: &str, remote: &str, variables: &[(&str, &str)]) -> anyhow::Result<Box<dyn Forge>> {
    let config = Config::parse(text.as_bytes())?;
    let variable = |name: &str| variables.iter().find(|(of, _)| *of == name).map(|(_, value)| (*value).to_owned());
    releng::forge::open(&config.ci, remote, &variable)
}

/// The failure of a configuration that leads nowhere.
#[track_caller]
fn refused(text: &str, remote: &str, variables: &[(&str, &str)]) -> Failure {
    match open(text, remote, variables) {
        Ok(forge) => panic!("{} was opened", forge.kind()),
        Err(error) => failure(error),
    }
}

#[test]
fn the_keys_say_where_the_forge_and_the_token_are() {
    for kind in ForgeKind::ALL {
        let double = Double::start(kind);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        fs::write(&file, format!("{TOKEN}\n")).unwrap();
        fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).unwrap();
        let (url, file) = (double.url(), file.display());
        let text = format!(
            "[ci]\nforge = \"{}\"\nforge-url = \"{url}\"\nforge-project = \"{PROJECT}\"\ntoken-file = \"{file}\"\n",
            kind.as_key()
        );
        let forge = open(&text, "/srv/git/demo", &[("GITHUB_TOKEN", "another")]).unwrap();
        assert_eq!((forge.kind(), forge.own_account().unwrap().login.as_str()), (kind, "releng-bot"));
        // The variable goes before the file.
        let forge = open(&text, "/srv/git/demo", &[("RELENG_FORGE_TOKEN", "another")]).unwrap();
        assert_eq!(failure(forge.own_account().unwrap_err()).exit, Exit::NotAllowed);
    }
}

#[test]
fn a_forge_is_found_from_the_remote() {
    for (remote, kind) in [
        ("git@github.com:lago-project/demo.git", ForgeKind::Github),
        ("https://gitlab.com/lago-project/demo", ForgeKind::Gitlab),
        ("ssh://git@codeberg.org/lago-project/demo", ForgeKind::Forgejo),
    ] {
        assert_eq!(open("", remote, &[("RELENG_FORGE_TOKEN", "x")]).unwrap().kind(), kind);
    }
}

#[test]
fn a_help_for_each_mistake_leads_on() {
    let token = [("RELENG_FORGE_TOKEN", "x")];
    let own = "git@code.example.org:lago-project/demo";
    let github = "git@github.com:lago-project/demo";
    // What is wrong, a part of the help, and what makes it right.
    for ((text, remote), help, (right, right_remote)) in [
        (("", own), "write `forge = \"…\"` and, unless", ("[ci]\nforge = \"gitlab\"\n", own)),
        (
            ("[ci]\nforge = \"gitlab\"\nforge-project = \"a/b\"\n", "/srv/git/demo"),
            "write `forge-url = \"https://…\"`",
            (
                "[ci]\nforge = \"gitlab\"\nforge-project = \"a/b\"\nforge-url = \"https://a.org/api/v4\"\n",
                "/srv/git/demo",
            ),
        ),
        (
            ("[ci]\nforge-url = \"http://github.example.org/api/v3\"\n", github),
            "write `https://` in `ci.forge-url`",
            ("[ci]\nforge-url = \"https://github.example.org/api/v3\"\n", github),
        ),
        (
            ("", "https://github.com/demo"),
            "write `forge-project = \"owner/name\"` into `[ci]`",
            ("[ci]\nforge-project = \"lago-project/demo\"\n", "https://github.com/demo"),
        ),
        (
            ("", "https://github.com/lago-project/demo/more"),
            "write `forge-project = \"owner/name\"` into `[ci]`",
            ("[ci]\nforge-project = \"lago-project/demo\"\n", "https://github.com/lago-project/demo/more"),
        ),
    ] {
        let failure = refused(text, remote, &token);
        assert!(failure.help.as_ref().unwrap().starts_with(help), "{failure:?}");
        assert!(failure.help.unwrap().ends_with(", and commit it"));
        open(right, right_remote, &token).unwrap();
    }
    for (text, part) in [
        ("[ci]\nforge = \"gitea\"\n", "`ci.forge` cannot be `gitea`"),
        ("[ci]\nforge-project = \"lago\"\n", "is not a repository on a forge"),
        ("[ci]\nforge-url = \"github.com\"\n", "is not an address"),
        ("[ci]\ntoken-file = \"packaging/token\"\n", "is not a whole path"),
    ] {
        let failure = refused(text, github, &token);
        assert!(failure.message.contains(part) && failure.exit == Exit::Usage, "{failure}");
    }
}

#[test]
fn a_help_for_each_missing_token_leads_on() {
    let remote = "git@github.com:lago-project/demo";
    let missing = refused("", remote, &[("GITLAB_TOKEN", "x")]);
    assert!(missing.help.unwrap().starts_with("set `RELENG_FORGE_TOKEN` or `GITHUB_TOKEN`"));
    assert_eq!(missing.exit, Exit::NotAllowed);
    open("", remote, &[("GITHUB_TOKEN", "x")]).unwrap();
    let wrong = refused("", remote, &[("GITHUB_TOKEN", "two words")]);
    assert_eq!(wrong.help.as_deref(), Some("write the token, and nothing else, there"));

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a token");
    let text = format!("[ci]\ntoken-file = \"{}\"\n", file.display());
    let absent = refused(&text, remote, &[]);
    assert!(absent.help.unwrap().starts_with("write the token into that file"), "{}", absent.message);
    fs::create_dir(&file).unwrap();
    let none = refused(&text, remote, &[]);
    assert!(none.help.unwrap().starts_with("write the token, and nothing else, into a file"), "{}", none.message);
    fs::remove_dir(&file).unwrap();
    fs::write(&file, "x\n").unwrap();
    fs::set_permissions(&file, PermissionsExt::from_mode(0o604)).unwrap();
    let open_to_others = refused(&text, remote, &[]);
    let help = open_to_others.help.unwrap();
    let command = help.split('`').nth(1).unwrap();
    assert!(command.starts_with("chmod 600 "), "{help}");
    duct::cmd!("sh", "-c", command).run().unwrap();
    open(&text, remote, &[]).unwrap();
}
