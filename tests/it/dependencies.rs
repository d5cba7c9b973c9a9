//! A yank and a promotion are refused where another package of the series needs what they remove. dnf gives the same answer.

use crate::promote::{refused, unpromotable};
use crate::support::dnf::Client;
use crate::support::rpms::Rpm;
use crate::support::site::{Site, text};

/// A package of version 1.0.1 for el9 with more lines in its spec.
fn package(name: &str, lines: &[&str]) -> Rpm {
    lines.iter().fold(Rpm::new(name, "1.0.1").dist("el9"), |rpm, line| rpm.line(line))
}

/// Makes the release of a new commit with these packages, and stages it.
fn stage(site: &Site, message: &str, packages: &[Rpm]) {
    site.commit(message).dist();
    packages.iter().for_each(|rpm| drop(site.add(rpm, "el9")));
    site.list_builds(str::to_owned);
    site.releng(&["stage"]).exits(0);
}

/// A client of series 1.0.
fn client(site: &Site) -> Client {
    let address = site.served("stable/1.0/rpm/el9");
    Client::new(&format!("[demo]\nname=demo\nbaseurl=file://{}\ngpgcheck=0\n", address.display()))
}

/// The names of the packages of series 1.0.
fn described(site: &Site) -> String {
    site.project.files("target/repository/demo/stable/1.0/rpm/el9/noarch").concat()
}

/// Packages that each depend on others in their own way, with what is installed beside each to need the dependency.
const DEPENDENT: [(&str, &str, &str); 9] = [
    ("demo-exact", "demo-libs = 1.0.1", ""),
    ("demo-above", "demo-libs >= 1.0", ""),
    ("demo-file", "/usr/bin/demo-tool", ""),
    ("demo-virtual", "virtual(a) >= 2", ""),
    ("demo-if", "(demo-libs if demo-core)", "demo-core"),
    ("demo-or", "(demo-libs or demo-tool)", ""),
    ("demo-with", "(virtual(a) with virtual(b))", ""),
    ("demo-without", "(virtual(b) without virtual(a))", ""),
    ("demo-nested", "((demo-libs and demo-core) or demo-nothing)", ""),
];

/// All of them, and the packages that they need.
fn many() -> Site {
    let site = Site::new();
    let mut packages = vec![
        package("demo-core", &[]),
        package("demo-libs", &["Provides: virtual(a) = 3", "Provides: virtual(b)"]),
        package("demo-tool", &["Provides: virtual(b)"]).file("/usr/bin/demo-tool", "#!/bin/true\n"),
    ];
    packages.extend(DEPENDENT.map(|(name, requires, _)| package(name, &[&format!("Requires: {requires}")])));
    stage(&site, "One", &packages);
    site.promote(&[]).exits(0);
    site
}

#[test]
fn a_yank_names_what_dnf_could_no_longer_install() {
    let site = many();
    for yanked in ["demo-libs-1.0.1-1.el9.noarch", "demo-tool-1.0.1-1.el9.noarch", "demo-core-1.0.1-1.el9.noarch"] {
        let installs = |name: &str, beside: &str| {
            let is_there = |name: &&str| !name.is_empty() && described(&site).contains(name);
            let names: Vec<&str> = [name, beside].into_iter().filter(is_there).collect();
            client(&site).install(&names).code == 0
        };
        for (name, requires, beside) in DEPENDENT {
            assert!(installs(name, beside), "{name} requires {requires}");
        }
        let yank = ["yank", yanked, "--why", "it burns", "--force", "we know"];
        let warned = site.releng(&yank).exits(0).stderr;
        for (name, requires, beside) in DEPENDENT {
            let lost = format!(
                "`{name}-1.0.1-1.el9.noarch` requires `{requires}`, which nothing in stable/1.0 el9 provides after this"
            );
            assert_eq!(warned.contains(&lost), !installs(name, beside), "{yanked}: {name}\n{warned}");
        }
        site.releng(&["rollback", "1.0", "--to", "1", "--with-yanked"]).exits(0);
    }
}

#[test]
fn a_yank_that_breaks_another_package_needs_a_reason() {
    let site = Site::new();
    let plugin = package("demo-plugin", &["Requires: demo-libs = 1.0.1"]);
    stage(&site, "One", &[package("demo-libs", &[]), plugin]);
    site.promote(&[]).exits(0);
    let yank = ["yank", "demo-libs-1.0.1-1.el9.noarch", "--why", "it burns"];
    let lost = "`demo-plugin-1.0.1-1.el9.noarch` requires `demo-libs = 1.0.1`, which nothing in stable/1.0 el9 provides after this";
    let ran = refused(&site, &yank, &[&format!("refusing to yank `demo-libs-1.0.1-1.el9.noarch`: {lost}\n")]);
    ran.says(&[
        "help: yank that package first: `releng yank demo-plugin-1.0.1-1.el9.noarch --series 1.0 --why REASON`\n",
        "help: to yank it all the same: `releng yank demo-libs-1.0.1-1.el9.noarch --why 'it burns' --force REASON`\n",
    ]);
    site.releng(&[&yank[..], &["--force", " "]].concat()).exits(2).says(&["the reason must not be empty"]);
    site.releng(&[&yank[..], &["--force", "nobody uses it"]].concat()).exits(0).says(&[lost]);
    assert!(text(&site.state("log.jsonl")).contains("\"why\":\"it burns\",\"force\":\"nobody uses it\""));
    site.releng(&["verify"]).exits(0);
    site.releng(&["rollback", "1.0", "--to", "1", "--with-yanked"]).exits(0);
    // In the right order nothing is lost, and a reason that is not needed is not recorded.
    site.releng(&["yank", "demo-plugin-1.0.1-1.el9.noarch", "--why", "x", "--force", "no need"]).exits(0);
    site.releng(&yank).exits(0);
    assert!(!text(&site.state("log.jsonl")).contains("no need"));
}

#[test]
fn a_promotion_that_breaks_an_upgrade_is_refused() {
    let site = Site::new();
    let plugin = |version: &str| {
        let requires = format!("Requires: demo-libs = {version}");
        Rpm::new("demo-plugin", version).dist("el9").line(&requires)
    };
    let libs = |version: &str| Rpm::new("demo-libs", version).dist("el9");
    stage(&site, "One", &[libs("1.0.1"), plugin("1.0.1")]);
    site.promote(&[]).exits(0);
    let person = client(&site);
    person.install(&["demo-plugin"]).exits(0);
    // The plugin is not built any more: what has it cannot be upgraded.
    stage(&site, "Two", &[libs("1.0.2")]);
    let lost = "`demo-plugin-1.0.1-1.el9.noarch` requires `demo-libs = 1.0.1`, which none of the newest packages in stable/1.0 el9";
    unpromotable(&site, &[lost, "add a new `demo-plugin` to the release, or `Obsoletes: demo-plugin` to the spec"]);
    assert_eq!(person.installed(), ["demo-libs-1.0.1-1.el9.noarch", "demo-plugin-1.0.1-1.el9.noarch"]);
    // It is obsoleted: the client goes on.
    stage(&site, "Three", &[Rpm::new("demo-libs", "1.0.3").dist("el9").line("Obsoletes: demo-plugin < 1.0.3")]);
    site.promote(&[]).exits(0);
    person.upgrade().exits(0);
    assert_eq!(person.installed(), ["demo-libs-1.0.3-1.el9.noarch"]);
    // The second help: it is taken out.
    let other = Site::new();
    stage(&other, "One", &[libs("1.0.1"), plugin("1.0.1")]);
    other.promote(&[]).exits(0);
    stage(&other, "Two", &[libs("1.0.2")]);
    unpromotable(&other, &["yank demo-plugin-1.0.1-1.el9.noarch --series 1.0 --why REASON`"]);
    other.releng(&["yank", "demo-plugin-1.0.1-1.el9.noarch", "--series", "1.0", "--why", "no longer built"]).exits(0);
    other.promote(&[]).exits(0);
}

#[test]
fn packages_that_are_built_together_are_promoted_together() {
    let site = Site::new();
    let release = |version: &str| {
        let requires = format!("Requires: demo-libs = {version}");
        let plugin = Rpm::new("demo-plugin", version).dist("el9").line(&requires).line("Requires: glibc >= 2");
        [Rpm::new("demo-libs", version).dist("el9"), plugin]
    };
    for (message, version) in [("One", "1.0.1"), ("Two", "1.0.2"), ("Three", "1.0.3")] {
        stage(&site, message, &release(version));
        let plan = site.promote(&["--dry-run"]).exits(0).stdout;
        assert!(plan.contains("  requires   yes: what packages of the series require is there as before\n"), "{plan}");
        site.promote(&[]).exits(0);
    }
}

#[test]
fn an_own_version_is_raised_as_the_help_says() {
    let site = Site::new();
    let part = |version: &str, release: &str| Rpm::new("demo-data", version).release(release).dist("el9");
    let build = |message: &str, version: &str, data: Rpm| {
        site.commit(message).dist();
        site.add_together(&[Rpm::new("demo", version).dist("el9"), data], "el9");
        site.list_builds(str::to_owned);
        site.releng(&["stage"]).exits(0);
    };
    build("One", "1.0.1", part("7", "1"));
    site.promote(&[]).exits(0);
    build("Two", "1.0.2", part("7", "1").file("/usr/share/demo-data/more", "x"));
    let parts = [
        "stable/1.0 already has `demo-data-7-1.el9.noarch`, which is not older than `demo-data-7-1.el9.noarch`",
        "help: its version is its own: raise its `Release:` in the spec for each release, and build and stage again; or give it \
         the version of the project: remove its `Version:` from the spec, and add a higher `Epoch:`: 7 is above 1.0.2",
    ];
    unpromotable(&site, &parts);
    build("Three", "1.0.3", part("7", "2"));
    site.promote(&[]).exits(0);
    build("Four", "1.0.4", part("1.0.4", "1").epoch(1));
    site.promote(&[]).exits(0);
    site.releng(&["verify"]).exits(0);
}
