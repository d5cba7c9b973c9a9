//! The programs that are run, and the packages of the distributions that have them.

/// The package manager of a distribution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PackageManager {
    /// Debian, Ubuntu and what is made from them.
    Apt,
    /// Fedora, RHEL and what is made from them.
    Dnf,
    /// openSUSE and SLE.
    Zypper,
}

/// A program, and where it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownProgram {
    /// Its name in PATH.
    pub name: &'static str,
    /// The package for each manager; `None` where the distribution has none.
    apt: Option<&'static str>,
    dnf: Option<&'static str>,
    zypper: Option<&'static str>,
    /// The command that installs it where no package has it.
    elsewhere: Option<&'static str>,
    /// The argument by which it prints its version at once; `None` if it prints none or takes long.
    pub version_flag: Option<&'static str>,
}

/// A program that a package has on each distribution.
const fn packaged(
    name: &'static str,
    version_flag: Option<&'static str>,
    apt: &'static str,
    dnf: &'static str,
    zypper: &'static str,
) -> KnownProgram {
    let (apt, dnf, zypper) = (Some(apt), Some(dnf), Some(zypper));
    KnownProgram { name, apt, dnf, zypper, elsewhere: None, version_flag }
}

const VERSION: Option<&str> = Some("--version");

/// All programs, each once. `mock`, `koji` and `copr-cli` are programs in Python, which take long to print a version.
pub const PROGRAMS: [KnownProgram; 23] = [
    packaged("bash", VERSION, "bash", "bash", "bash"),
    packaged("cargo", VERSION, "cargo", "cargo", "cargo"),
    KnownProgram {
        name: "copr-cli",
        apt: None,
        dnf: Some("copr-cli"),
        zypper: None,
        elsewhere: Some("pip install copr-cli"),
        version_flag: None,
    },
    packaged("curl", VERSION, "curl", "curl", "curl"),
    packaged("dnf", None, "dnf", "dnf", "dnf"),
    packaged("getent", None, "libc-bin", "glibc-common", "glibc"),
    packaged("git", VERSION, "git", "git", "git"),
    packaged("gpg", VERSION, "gnupg", "gnupg2", "gpg2"),
    packaged("ip", None, "iproute2", "iproute", "iproute2"),
    KnownProgram {
        name: "koji",
        apt: None,
        dnf: Some("koji"),
        zypper: None,
        elsewhere: Some("pip install koji"),
        version_flag: None,
    },
    KnownProgram { name: "mock", apt: None, dnf: Some("mock"), zypper: None, elsewhere: None, version_flag: None },
    packaged("mount", VERSION, "mount", "util-linux", "util-linux"),
    packaged("pivot_root", VERSION, "util-linux", "util-linux", "util-linux"),
    packaged("podman", VERSION, "podman", "podman", "podman"),
    packaged("readlink", VERSION, "coreutils", "coreutils", "coreutils"),
    packaged("rpm", VERSION, "rpm", "rpm", "rpm"),
    packaged("rpmbuild", VERSION, "rpm", "rpm-build", "rpm-build"),
    packaged("rpmkeys", VERSION, "rpm", "rpm", "rpm"),
    packaged("rpmsign", VERSION, "rpm", "rpm-sign", "rpm"),
    packaged("rpmspec", VERSION, "rpm", "rpm-build", "rpm-build"),
    packaged("setpriv", VERSION, "util-linux", "util-linux", "util-linux"),
    packaged("umount", VERSION, "mount", "util-linux", "util-linux"),
    packaged("unshare", VERSION, "util-linux", "util-linux", "util-linux"),
];

impl PackageManager {
    /// By the content of `/etc/os-release`: its `ID`, or else `ID_LIKE`; `None` for another distribution.
    pub fn of(os_release: &str) -> Option<PackageManager> {
        let value = |key: &str| {
            let line = os_release.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='))?;
            Some(line.trim_matches(['"', '\'']).to_owned())
        };
        let ids = [value("ID"), value("ID_LIKE")].into_iter().flatten().collect::<Vec<_>>().join(" ");
        ids.split_whitespace().find_map(|id| match id {
            "debian" | "ubuntu" => Some(PackageManager::Apt),
            "fedora" | "rhel" | "centos" => Some(PackageManager::Dnf),
            "suse" | "opensuse" | "sles" => Some(PackageManager::Zypper),
            _ => None,
        })
    }
}

impl KnownProgram {
    /// The program with this name, if it is one of [`PROGRAMS`].
    pub fn find(name: &str) -> Option<&'static KnownProgram> {
        PROGRAMS.iter().find(|program| program.name == name)
    }

    /// The package that has it.
    pub fn package(&self, manager: PackageManager) -> Option<&'static str> {
        match manager {
            PackageManager::Apt => self.apt,
            PackageManager::Dnf => self.dnf,
            PackageManager::Zypper => self.zypper,
        }
    }
}

/// The command that installs a program; `None` where none is known.
pub fn install_line(program: &str, manager: Option<PackageManager>) -> Option<String> {
    let known = KnownProgram::find(program)?;
    let package = manager.and_then(|manager| Some((manager, known.package(manager)?)));
    let line = package.map(|(manager, package)| match manager {
        PackageManager::Apt => format!("apt-get install {package}"),
        PackageManager::Dnf => format!("dnf install {package}"),
        PackageManager::Zypper => format!("zypper install {package}"),
    });
    line.or_else(|| known.elsewhere.map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distribution_has_its_package_manager() {
        for (os_release, manager) in [
            ("PRETTY_NAME=\"Debian GNU/Linux 12\"\nID=debian\n", Some(PackageManager::Apt)),
            ("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n", Some(PackageManager::Apt)),
            ("NAME=\"Rocky Linux\"\nID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n", Some(PackageManager::Dnf)),
            ("ID=fedora\nVERSION_ID=42\n", Some(PackageManager::Dnf)),
            ("ID=\"opensuse-tumbleweed\"\nID_LIKE=\"opensuse suse\"\n", Some(PackageManager::Zypper)),
            ("ID=arch\n", None),
            ("", None),
        ] {
            assert_eq!(PackageManager::of(os_release), manager, "{os_release}");
        }
    }

    #[test]
    fn a_program_has_an_install_line_where_a_package_has_it() {
        let line = |program, manager| install_line(program, manager).unwrap_or_default();
        for (program, apt, dnf, zypper, other) in [
            ("gpg", "apt-get install gnupg", "dnf install gnupg2", "zypper install gpg2", ""),
            ("rpmsign", "apt-get install rpm", "dnf install rpm-sign", "zypper install rpm", ""),
            ("koji", "pip install koji", "dnf install koji", "pip install koji", "pip install koji"),
            ("mock", "", "dnf install mock", "", ""),
            ("no-such-program", "", "", "", ""),
        ] {
            let of = [PackageManager::Apt, PackageManager::Dnf, PackageManager::Zypper].map(Some);
            assert_eq!(of.map(|manager| line(program, manager)), [apt, dnf, zypper], "{program}");
            assert_eq!(line(program, None), other, "{program}");
        }
    }

    #[test]
    fn each_program_stands_once_in_order() {
        assert!(PROGRAMS.windows(2).all(|pair| pair[0].name < pair[1].name));
    }
}
