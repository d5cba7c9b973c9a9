//! The names of macros that exist before a spec defines any, and the words of spec files.

use crate::project::spec_text::section_names;

/// Macros that have the same value on every machine, for lines such as `BuildRequires: %{_bindir}/pod2man`.
pub const UNIVERSAL: [(&str, &str); 16] = [
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
    ("ix86", "i386 i486 i586 i686 pentium3 pentium4 athlon geode"),
];

/// Macros that every rpm defines, with values that depend on the machine. `%{?_isa}` must not expand to nothing.
pub const FOREIGN: &str = "_arch _build _build_arch _build_cpu _builddir _buildrootdir _defaultdocdir \
    _defaultlicensedir _host _host_cpu _initddir _initrddir _isa _lib _libdir _libexecdir _rpmconfigdir _rpmmacrodir \
    _rundir _sbindir _sharedstatedir _smp_build_ncpus _smp_mflags _sourcedir _specdir _target _target_cpu \
    _target_platform _tmppath _topdir _vendor __cp __install __isa __isa_bits __isa_name __make __mkdir __mv __patch \
    __rm __sed __tar alpha arm arm32 arm64 autopatch autosetup basename buildroot configure debug_package dirname \
    find_lang getncpus loongarch64 make_build make_install mips mips32 mips64 optflags patches power64 riscv riscv64 \
    set_build_flags sources sparc suffix uncompress url2path verbose";

/// Macros that define other macros, run programs, or add sections or packages.
const REFUSED: &str = "lua load debug_package mingw_debug_package lang_package python_extras_subpkg \
    pyproject_extras_subpkg kernel_module_package fontpkg gopkg gometa generate_buildrequires autochangelog autorelease";

/// Directives of spec files that no rpm defines as macros, without the names of sections.
const WORDS: &str = "if ifarch ifnarch ifos ifnos elif elifarch elifos else endif doc docdir config dir attr \
    defattr verify ghost exclude license lang readme artifact caps missingok pubkey setup patch";

/// Whether a use of the macro is always an error, even where the text around it is not used.
pub fn is_refused(name: &str) -> bool {
    REFUSED.split_whitespace().any(|refused| refused == name)
}

/// Whether the name is a directive and not a macro: a changelog may mention `%files`.
pub fn is_word_of_specs(name: &str) -> bool {
    let is_numbered_patch = name.strip_prefix("patch").is_some_and(|number| number.parse::<u32>().is_ok());
    is_numbered_patch || WORDS.split_whitespace().chain(section_names()).any(|word| word == name)
}
