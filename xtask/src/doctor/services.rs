//! Checks what other services need: the login of the mail server, the token of the forge.

use anyhow::Result;

use crate::announce::delivery::load_login;
use crate::doctor::check::Check;
use crate::forge::{ForgePlace, find_place, find_token};
use crate::project::config::{AnnounceKeys, CiKeys};
use crate::project::workspace::{Origin, Workspace};

/// The check of the mail; `None` where nothing is announced.
pub fn check_mail(keys: &AnnounceKeys, workspace: &Workspace) -> Option<Check> {
    if !keys.is_configured() {
        return None;
    }
    let check = match (&keys.smtp, &keys.sendmail) {
        (Some(server), _) => match load_login(keys.password_file.as_ref(), &workspace.root) {
            Ok(Some(login)) => Check::ok("mail", format!("`{server}`, as `{}`", login.user)),
            Ok(None) => Check::ok("mail", format!("`{server}`, without a login")),
            Err(error) => Check::of_error("mail", &error),
        },
        (None, Some(program)) => Check::ok("mail", format!("`{program}`")),
        (None, None) => Check::note("mail", "written to a file, and sent by a person")
            .then("docs/announce.md says how `announce --send` sends it"),
    };
    Some(check.of_commands(&["announce"]))
}

/// The check of the default branch of the remote, whose configuration is trusted; `None` where nothing is merged, or where there is no remote.
pub fn check_default_branch(keys: &CiKeys, workspace: &Workspace) -> Option<Check> {
    let Origin::Git(repository) = &workspace.origin else { return None };
    repository.remote_address("origin").filter(|_| keys.isolation.is_some())?;
    let check = match repository.find_kept("refs/remotes/origin/HEAD") {
        Ok(Some(_)) => Check::ok("default branch", "the clone knows that of `origin`"),
        _ => Check::note(
            "default branch",
            "the clone does not know that of `origin`, whose configuration is trusted: without a commit there, whoever pushes it first is trusted",
        )
        .then("push the default branch, if it has no commit, and ask for it: `git remote set-head origin --auto`"),
    };
    Some(check.of_commands(&["ci"]))
}

/// The check of the forge; `None` where no key is about it.
pub fn check_forge(keys: &CiKeys, workspace: &Workspace) -> Option<Check> {
    if keys.forge.is_none() && keys.forge_url.is_none() && keys.forge_project.is_none() && keys.token_file.is_none() {
        return None;
    }
    let check = match find_forge(keys, workspace) {
        Ok(place) => {
            Check::ok("forge", format!("{}, `{}` at `{}`, with a token", place.kind, place.project.as_str(), place.api))
        }
        Err(error) => Check::of_error("forge", &error),
    };
    Some(check.of_commands(&["ci", "announce"]))
}

fn find_forge(keys: &CiKeys, workspace: &Workspace) -> Result<ForgePlace> {
    let remote = match &workspace.origin {
        Origin::Git(repository) => repository.remote_address("origin").unwrap_or_default(),
        _ => String::new(),
    };
    let place = find_place(keys, &remote)?;
    find_token(place.kind, keys.token_file.as_ref(), &|name| std::env::var(name).ok())?;
    Ok(place)
}
