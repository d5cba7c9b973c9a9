//! Where the project is on a forge: by the configuration and the address of the remote.

use crate::base::error::{Exit, Failure, committed};
use crate::base::http::is_loopback;
use crate::forge::address::origin;
use crate::forge::model::Account;
use crate::project::config::{CiKeys, ForgeKind, ForgeProject};

/// The place of a project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForgePlace {
    pub kind: ForgeKind,
    /// The address of the API without a slash at its end, such as `https://api.github.com`. `https`, or an address of this machine.
    pub api: String,
    /// Such as `lago-project/lago`.
    pub project: ForgeProject,
}

impl ForgePlace {
    /// The address by which a forge recognises the commits of an account, and that gets no mail.
    pub fn private_email(&self, account: &Account) -> String {
        let origin = origin(&self.api);
        let host = origin.split_once("://").map_or("localhost", |(_, host)| host);
        let host = match host.split(':').next().unwrap_or_default() {
            "api.github.com" => "github.com",
            host => host,
        };
        let Account { id, login, .. } = account;
        match self.kind {
            ForgeKind::Github => format!("{id}+{login}@users.noreply.{host}"),
            ForgeKind::Gitlab => format!("{id}-{login}@users.noreply.{host}"),
            ForgeKind::Forgejo => format!("{login}@noreply.{host}"),
        }
    }
}

/// The parts of a remote's address.
#[derive(Clone, Debug, PartialEq, Eq)]
struct RemoteParts {
    /// `https://`, or `http://` for this machine.
    scheme: &'static str,
    /// With the port, if it is one for HTTP.
    host: String,
    /// Without slashes at its ends and without `.git`.
    path: String,
}

/// The place by the keys `ci.forge`, `ci.forge-url` and `ci.forge-project`; what they do not say is found from the address of the remote.
///
/// Errors: it cannot be found, or the address is not safe (exit 2).
pub fn find_place(keys: &CiKeys, remote: &str) -> Result<ForgePlace, Failure> {
    let parts = remote_parts(remote);
    let url = keys.forge_url.as_ref().map(ToString::to_string);
    let host = match &url {
        Some(url) => origin(url).split_once("://").map(|(_, host)| host.to_owned()),
        None => parts.as_ref().map(|parts| parts.host.clone()),
    };
    let guessed = host.as_deref().and_then(kind_of_host);
    let kind = keys.forge.or(guessed).ok_or_else(|| unknown_forge(host.as_deref()))?;
    let api = match (url, &parts) {
        (Some(url), _) => url,
        (None, Some(parts)) => api_of(kind, parts),
        (None, None) => return Err(no_address(kind)),
    };
    if !api.starts_with("https://") && !is_loopback(&api) {
        return Err(Failure::new(Exit::Usage, format!("`{api}` is not safe: a token is sent by `https://` only"))
            .help(committed("write `https://` in `ci.forge-url`")));
    }
    let found = parts.map(|parts| parts.path).unwrap_or_default();
    let project = match &keys.forge_project {
        Some(project) => project.clone(),
        None => ForgeProject::try_from(found).map_err(|why| {
            Failure::new(Exit::Usage, format!("the address of the remote does not name a repository on {kind}: {why}"))
                .help(committed("write `forge-project = \"owner/name\"` into `[ci]`"))
        })?,
    };
    if kind != ForgeKind::Gitlab && project.as_str().matches('/').count() != 1 {
        let message = format!("`{}` is not a repository on {kind}: it has an owner and a name", project.as_str());
        return Err(
            Failure::new(Exit::Usage, message).help(committed("write `forge-project = \"owner/name\"` into `[ci]`"))
        );
    }
    Ok(ForgePlace { kind, api, project })
}

fn unknown_forge(host: Option<&str>) -> Failure {
    let what = match host {
        Some(host) => format!("it is not known which forge `{}` is", host.escape_debug()),
        None => "the remote is not on a forge".to_owned(),
    };
    let names = ForgeKind::ALL.map(ForgeKind::as_key).join("`, `");
    Failure::new(Exit::Usage, format!("{what}: the forges are `{names}`")).help(committed(
        "write `forge = \"…\"` and, unless it is the remote's host, `forge-url = \"https://…\"` into `[ci]`",
    ))
}

fn no_address(kind: ForgeKind) -> Failure {
    Failure::new(Exit::Usage, format!("the address of {kind} is not known: the remote is not on a forge"))
        .help(committed("write `forge-url = \"https://…\"`, the address of its API, into `[ci]`"))
}

/// The forge that a host is known for, or that its name says.
fn kind_of_host(host: &str) -> Option<ForgeKind> {
    let name = host.split(':').next().unwrap_or_default();
    match (name, name.split('.').next()) {
        ("github.com" | "api.github.com", _) | (_, Some("github")) => Some(ForgeKind::Github),
        (_, Some("gitlab")) => Some(ForgeKind::Gitlab),
        ("codeberg.org", _) | (_, Some("forgejo" | "gitea")) => Some(ForgeKind::Forgejo),
        _ => None,
    }
}

/// The address of the API of a host.
fn api_of(kind: ForgeKind, parts: &RemoteParts) -> String {
    let RemoteParts { scheme, host, .. } = parts;
    match kind {
        ForgeKind::Github if host == "github.com" => "https://api.github.com".to_owned(),
        ForgeKind::Github => format!("{scheme}{host}/api/v3"),
        ForgeKind::Gitlab => format!("{scheme}{host}/api/v4"),
        ForgeKind::Forgejo => format!("{scheme}{host}/api/v1"),
    }
}

/// Reads `https://host/path`, `ssh://user@host:port/path` and `user@host:path`. `None`: a path on this machine, or no address.
fn remote_parts(remote: &str) -> Option<RemoteParts> {
    let (scheme, rest) = match remote.split_once("://") {
        Some((scheme, rest)) => (scheme, rest.to_owned()),
        None if remote.starts_with(['/', '.']) => return None,
        // As git and ssh read it, a path follows the first colon.
        None => ("ssh", remote.replacen(':', "/", 1)),
    };
    let (authority, path) = rest.split_once('/')?;
    // A password before the `@` is not kept.
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host).to_ascii_lowercase();
    let is_web = matches!(scheme, "http" | "https");
    let host = if is_web { host } else { host.split(':').next().unwrap_or_default().to_owned() };
    // The hosts where the port 443 takes ssh.
    let host = match host.as_str() {
        "ssh.github.com" => "github.com".to_owned(),
        "altssh.gitlab.com" => "gitlab.com".to_owned(),
        _ => host,
    };
    let is_host = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte);
    if host.is_empty() || !host.bytes().all(is_host) || !matches!(scheme, "http" | "https" | "ssh" | "git" | "git+ssh")
    {
        return None;
    }
    let scheme = if scheme == "http" && is_loopback(&format!("http://{host}/")) { "http://" } else { "https://" };
    let path = path.trim_matches('/');
    Some(RemoteParts { scheme, host, path: path.strip_suffix(".git").unwrap_or(path).to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_of_an_account_has_the_address_of_its_forge() {
        let account = Account { id: 7, login: "ada".to_owned(), is_person: true };
        for (remote, expected) in [
            ("git@github.com:lago/lago.git", "7+ada@users.noreply.github.com"),
            ("https://gitlab.example.org:8443/lago/lago", "7-ada@users.noreply.gitlab.example.org"),
            ("https://codeberg.org/lago/lago", "ada@noreply.codeberg.org"),
        ] {
            assert_eq!(find_place(&CiKeys::default(), remote).unwrap().private_email(&account), expected);
        }
    }

    fn keys(forge: Option<ForgeKind>, url: &str, project: &str) -> CiKeys {
        let forge_url = (!url.is_empty()).then(|| url.to_owned().try_into().unwrap());
        let forge_project = (!project.is_empty()).then(|| project.to_owned().try_into().unwrap());
        CiKeys { forge, forge_url, forge_project, ..CiKeys::default() }
    }

    #[test]
    fn the_place_is_found_from_the_remote() {
        for (remote, kind, api, project) in [
            ("https://github.com/lago-project/lago", ForgeKind::Github, "https://api.github.com", "lago-project/lago"),
            ("git@github.com:lago-project/lago.git", ForgeKind::Github, "https://api.github.com", "lago-project/lago"),
            ("ssh://git@ssh.github.com:443/a/b.git", ForgeKind::Github, "https://api.github.com", "a/b"),
            ("https://ada:secret@GitLab.com/g/s/p.git/", ForgeKind::Gitlab, "https://gitlab.com/api/v4", "g/s/p"),
            ("https://gitlab.example.org:8443/g/p", ForgeKind::Gitlab, "https://gitlab.example.org:8443/api/v4", "g/p"),
            ("ssh://git@codeberg.org/a/b", ForgeKind::Forgejo, "https://codeberg.org/api/v1", "a/b"),
            ("http://forgejo.example.org/a/b", ForgeKind::Forgejo, "https://forgejo.example.org/api/v1", "a/b"),
            ("https://github.example.org/a/b", ForgeKind::Github, "https://github.example.org/api/v3", "a/b"),
        ] {
            let project = ForgeProject::try_from(project.to_owned()).unwrap();
            let expected = ForgePlace { kind, api: api.to_owned(), project };
            assert_eq!(find_place(&CiKeys::default(), remote), Ok(expected), "{remote}");
        }
    }

    #[test]
    fn the_configuration_goes_before_the_remote() {
        let found =
            find_place(&keys(Some(ForgeKind::Forgejo), "http://127.0.0.1:3/api/v1/", "x/y"), "/srv/git/a").unwrap();
        assert_eq!((found.api.as_str(), found.project.as_str()), ("http://127.0.0.1:3/api/v1", "x/y"));
        let found =
            find_place(&keys(None, "https://gitlab.example.org/api/v4", ""), "git@code.example.org:a/b").unwrap();
        assert_eq!((found.kind, found.project.as_str()), (ForgeKind::Gitlab, "a/b"));
        let found = find_place(&keys(Some(ForgeKind::Gitlab), "", ""), "git@code.example.org:a/b").unwrap();
        assert_eq!(found.api, "https://code.example.org/api/v4");
    }

    #[test]
    fn what_is_not_known_is_named() {
        let github = Some(ForgeKind::Github);
        for (keys, remote, part) in [
            (keys(None, "", ""), "git@code.example.org:a/b", "not known which forge `code.example.org` is"),
            (keys(None, "", ""), "/srv/git/a", "the remote is not on a forge"),
            (keys(None, "", ""), "https://notgithub.com/a/b", "not known which forge `notgithub.com` is"),
            (keys(github, "", ""), "/srv/git/a", "the address of GitHub is not known"),
            (keys(github, "http://example.org", "a/b"), "", "is not safe"),
            (keys(github, "http://127.0.0.1:1@example.org", "a/b"), "", "is not safe"),
            (keys(github, "https://example.org/api", ""), "/srv/git/a", "does not name a repository on GitHub"),
            (keys(None, "", ""), "https://github.com/lago", "does not name a repository on GitHub"),
            (keys(None, "", ""), "https://github.com/a/b/c", "it has an owner and a name"),
        ] {
            let failure = find_place(&keys, remote).unwrap_err();
            assert!(failure.message.contains(part) && failure.exit == Exit::Usage, "{remote}: {}", failure.message);
            assert!(!failure.message.contains("secret"), "{}", failure.message);
        }
    }
}
