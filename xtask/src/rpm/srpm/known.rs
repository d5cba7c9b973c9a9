//! The macros that exist before a spec defines any, and the words of spec files.

use crate::project::spec_text::section_names;
use crate::rpm::srpm::architecture;
use crate::rpm::srpm::value::Definition;

/// Macros that have the same value on every machine, for lines such as `BuildRequires: %{_bindir}/pod2man`.
const UNIVERSAL: [(&str, &str); 15] = [
    ("nil", ""),
    ("_os", "linux"),
    ("_target_os", "linux"),
    ("_usr", "/usr"),
    ("_prefix", "/usr"),
    ("_exec_prefix", "/usr"),
    ("_bindir", "/usr/bin"),
    ("_datadir", "/usr/share"),
    ("_datarootdir", "/usr/share"),
    ("_docdir", "/usr/share/doc"),
    ("_includedir", "/usr/include"),
    ("_infodir", "/usr/share/info"),
    ("_mandir", "/usr/share/man"),
    ("_localstatedir", "/var"),
    ("_sysconfdir", "/etc"),
];

/// Macros of distributions that have the same value on all of them: name, options if it has arguments, body.
///
/// They are those of python-rpm-macros, rust-packaging, forge-srpm-macros, redhat-rpm-config and rpmautospec, in rpm's own macros instead of
/// Lua. `tests/it/srpm/distribution.macros` has them in Lua, for rpmbuild. The release that `%autorelease` counts and the
/// text of `%autochangelog` are filled in before a spec is parsed; here they are what rpmautospec makes of a spec alone.
const OF_ALL_DISTRIBUTIONS: [(&str, Option<&str>, &str); 9] = [
    ("python3_pkgversion", None, "3"),
    ("__pypi_url", None, "https://files.pythonhosted.org/packages/source/"),
    ("__pypi_default_extension", None, "tar.gz"),
    (
        "pypi_source",
        Some(""),
        "%{expand:%%define __pypi_name %{?1}%{!?1:%{?srcname}%{!?srcname:%{?pypi_name}%{!?pypi_name:%{name}}}}}\
         %{__pypi_url}%{sub %{__pypi_name} 1 1}/%{__pypi_name}/\
         %{__pypi_name}-%{?2}%{!?2:%{gsub %{version} ~ %{quote:%{nil}}}}.%{?3}%{!?3:%{__pypi_default_extension}}",
    ),
    ("__crates_url", None, "https://crates.io/api/v1/crates/"),
    (
        "crates_source",
        Some(""),
        "%{expand:%%define __crates_name %{?1}%{!?1:%{?crate}%{!?crate:%{name}}}}\
         %{expand:%%define __crates_version %{?2}%{!?2:%{?crate_version}%{!?crate_version:%{gsub %{version} ~ -}}}}\
         %{__crates_url}%{__crates_name}/%{__crates_version}/download#/%{__crates_name}-%{__crates_version}.crate",
    ),
    // It only defines macros that name an archive of a forge. The archive of the release stands in their place, and any other use of
    // them is one of an undefined macro.
    ("forgemeta", Some("z:isva"), "%{nil}"),
    ("version_no_tilde", Some(""), "%{gsub %{?2}%{!?2:%{version}} ~ %{?1}%{!?1:-}}"),
    (
        "autorelease",
        Some("e:s:pb:n"),
        "%{?-p:0.}%[%{?_rpmautospec_release_number}%{!?_rpmautospec_release_number:1} + %{?-b*}%{!?-b:1} - 1]\
         %{?-e:.%{-e*}}%{?-s:.%{-s*}}%{!?-n:%{?dist}}",
    ),
];

/// Macros with a value that depends on the architecture.
pub const OF_THE_ARCHITECTURE: [&str; 9] =
    ["_target_cpu", "_arch", "_build_arch", "_lib", "_libdir", "_isa", "__isa", "__isa_name", "__isa_bits"];

/// Macros that every rpm defines, with values that depend on the machine. `%{?_initddir}` must not expand to nothing.
const FOREIGN: &str = "_build _build_cpu _builddir _buildrootdir _defaultdocdir _defaultlicensedir _host _host_cpu \
    _initddir _initrddir _libexecdir _rpmconfigdir _rpmmacrodir _rundir _sbindir _sharedstatedir _smp_build_ncpus \
    _smp_mflags _sourcedir _specdir _target _target_platform _tmppath _topdir _vendor __cp __install __make __mkdir __mv \
    __patch __rm __sed __tar autopatch autosetup buildroot configure debug_package find_lang getncpus make_build \
    make_install optflags patches set_build_flags sources uncompress url2path verbose";

/// Macros that define other macros, run programs, or add sections or packages.
const REFUSED: &str = "lua load debug_package mingw_debug_package lang_package python_extras_subpkg \
    pyproject_extras_subpkg kernel_module_package fontpkg gopkg gometa autochangelog";

/// Macros that are built into rpm, and that `expand_builtin` carries out or names.
const BUILTIN: &str = "global define undefine expand dnl with without defined undefined bcond bcond_with bcond_without \
    echo warn error lua load exists getenv getconfdir macrobody trace dump rpmversion u2p";

/// The macros that compute a text from a text. Those from `len` on are built into rpm since 4.19.
pub const TEXT_MACROS: [&str; 16] = [
    "basename", "dirname", "suffix", "shrink", "quote", "shescape", "expr", "S", "P", "len", "lower", "upper",
    "reverse", "rep", "sub", "gsub",
];

/// Macros that say which distribution builds a package, or by which service. Others such as `el9` and `fc42` have a number.
const OF_DISTRIBUTIONS: &str = "dist rhel fedora centos centos_ver centos_version rhel_version fedora_version eln epel \
    suse_version sle_version is_opensuse amzn amazon_linux openeuler openEuler almalinux rocky oraclelinux mageia \
    mandriva_version mdkversion mdvver pclinuxos altlinux azl photon hyperscale copr_username copr_projectname flatpak \
    _module_build scl rhel_major";

/// The macros before the first line of a spec.
pub fn definitions(architecture: Option<&str>) -> impl Iterator<Item = (&'static str, Definition)> {
    let body = |text: &str| Definition::Body(text.to_owned(), None);
    let universal = UNIVERSAL.into_iter().map(move |(name, text)| (name, body(text)));
    let lists = architecture::LISTS.into_iter().map(move |(name, text)| (name, body(text)));
    let shared = OF_ALL_DISTRIBUTIONS.into_iter().map(|(name, options, body)| {
        let body = body.to_owned();
        let definition = match options {
            Some(options) => Definition::Parametric { options: options.to_owned(), body, beyond: None },
            None => Definition::Body(body, None),
        };
        (name, definition)
    });
    let foreign = FOREIGN.split_whitespace().map(|name| (name, Definition::Foreign));
    let machine = architecture::macros(architecture);
    universal.chain(lists).chain(shared).chain(foreign).chain(machine)
}

/// Whether the macro is built into rpm.
pub fn is_builtin(name: &str) -> bool {
    BUILTIN.split_whitespace().chain(TEXT_MACROS).any(|builtin| builtin == name)
}

/// Whether only some distributions define the macro.
pub fn is_of_distributions(name: &str) -> bool {
    let is_release = |letters: &str| {
        name.strip_prefix(letters).is_some_and(|number| (1..=2).contains(&number.len()) && number.parse::<u8>().is_ok())
    };
    OF_DISTRIBUTIONS.split_whitespace().any(|macro_name| macro_name == name) || is_release("el") || is_release("fc")
}

/// Whether a use of the macro is always an error, even where the text around it is not used.
pub fn is_refused(name: &str) -> bool {
    REFUSED.split_whitespace().any(|refused| refused == name)
}

/// Directives of spec files that no rpm defines as macros, without the names of sections.
const WORDS: &str = "if ifarch ifnarch ifos ifnos elif elifarch elifos else endif doc docdir config dir attr \
    defattr verify ghost exclude license lang readme artifact caps missingok pubkey setup patch";

/// Whether the name is a directive and not a macro: a changelog may mention `%files`.
pub fn is_word_of_specs(name: &str) -> bool {
    let is_numbered_patch = name.strip_prefix("patch").is_some_and(|number| number.parse::<u32>().is_ok());
    is_numbered_patch || WORDS.split_whitespace().chain(section_names()).any(|word| word == name)
}
