//! What a person copies to install from the repository.

use crate::base::text::shell_word;
use crate::repository::clients::series_package::package_name;
use crate::repository::model::layout::{Channel, Layout, dist_folder};
use crate::repository::model::manifest::{FileEntry, PackageEntry};
use crate::repository::model::name::{Dist, Series};
use crate::repository::pages::markup::Markup;
use crate::repository::pages::tables::commands;

/// The dist of a series for which a person installs.
pub struct Install<'a> {
    pub layout: &'a Layout,
    pub channel: Channel,
    pub series: Series,
    pub dist: &'a Dist,
    /// The element for the headings of the ways, below that of the page's own.
    pub heading: &'static str,
    /// The packages of the dist.
    pub packages: &'a [(&'a FileEntry, &'a PackageEntry)],
}

impl Install<'_> {
    /// The name of the package that a person installs: that of the project, or else the first one.
    pub fn main_package(&self) -> Option<&str> {
        main_package(self.layout, self.packages)
    }

    fn repo_file(&self) -> String {
        format!("{}.repo", self.layout.repo_id(self.channel, self.series, Some(self.dist)))
    }

    /// The path of the newest package that makes a machine a client, in the folder of the dist.
    fn client_package(&self) -> Option<&str> {
        let name = package_name(self.layout);
        let own = self.packages.iter().filter(|(_, package)| package.nevra.name() == name);
        let newest = own.max_by(|one, other| one.1.nevra.evr_cmp(&other.1.nevra));
        newest.and_then(|(file, _)| file.path.below(&dist_folder(self.dist)))
    }

    /// Writes the ways, each with its commands.
    pub fn write(&self, markup: &mut Markup) {
        let Some(url) = &self.layout.url else { return self.write_local(markup) };
        let file = shell_word(&format!("{url}/{}", self.repo_file()));
        let install =
            |program: &str| self.main_package().map(|name| format!("sudo {program} install {}", shell_word(name)));
        let way = |add: String, program| std::iter::once(add).chain(install(program)).collect::<Vec<String>>();
        let ways = [
            (
                "dnf 5: Fedora 41 and later",
                way(format!("sudo dnf config-manager addrepo --from-repofile={file}"), "dnf"),
            ),
            (
                "dnf 4: RHEL and compatible systems, older Fedora",
                way(format!("sudo dnf config-manager --add-repo {file}"), "dnf"),
            ),
            ("zypper: openSUSE and SUSE", way(format!("sudo zypper addrepo {file}"), "zypper")),
        ];
        for (title, lines) in ways {
            markup.leaf(self.heading, &[], title);
            commands(markup, &lines);
        }
        let Some(href) = self.client_package() else { return };
        let series = format!("{url}/stable/{}/{}", self.series, dist_folder(self.dist));
        let package = shell_word(&format!("{series}/{href}"));
        let name = package_name(self.layout);
        markup.element(self.heading, &[], |heading| {
            heading.text("With the package ");
            heading.leaf("code", &[], &name);
            heading.text(", which keeps the repository and its keys current");
        });
        commands(markup, &way(format!("sudo dnf install {package}"), "dnf"));
        markup.leaf("p", &[], "The same with zypper:");
        commands(markup, &way(format!("sudo zypper install {package}"), "zypper"));
    }

    /// Writes the way where no address is known.
    fn write_local(&self, markup: &mut Markup) {
        let file = self.repo_file();
        markup.element("p", &[], |p| {
            p.text("The repository has no public address. In its folder:");
        });
        let copy = format!("sudo cp {} /etc/yum.repos.d/", shell_word(&file));
        let install = self.main_package().map(|name| format!("sudo dnf install {}", shell_word(name)));
        commands(markup, &std::iter::once(copy).chain(install).collect::<Vec<_>>());
    }
}

/// The name of the package that a person installs: that of the project, or else the first one that is not for debugging.
pub fn main_package<'p>(layout: &Layout, packages: &[(&'p FileEntry, &'p PackageEntry)]) -> Option<&'p str> {
    let (own, client) = (layout.name.to_string(), package_name(layout));
    let described = packages.iter().map(|(_, package)| &package.nevra).filter(|nevra| nevra.is_described());
    let mut names: Vec<&str> = described.map(|nevra| nevra.name()).filter(|name| *name != client).collect();
    names.sort_unstable();
    names.iter().copied().find(|name| *name == own).or_else(|| names.first().copied())
}
