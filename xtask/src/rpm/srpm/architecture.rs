//! What rpm knows about architectures: the lists in its file `macros`, and the macros of each platform.

use crate::rpm::srpm::value::Definition;

/// The lists of architectures, for `ExclusiveArch` and `%ifarch`, as in rpm 4.18.
pub const LISTS: [(&str, &str); 17] = [
    ("ix86", "i386 i486 i586 i686 pentium3 pentium4 athlon geode"),
    (
        "arm32",
        "armv3l armv4b armv4l armv4tl armv5tl armv5tel armv5tejl armv6l armv6hl armv7l armv7hl armv7hnl armv8l armv8hl \
         armv8hnl armv8hcnl",
    ),
    ("arm", "%{arm32}"),
    ("arm64", "aarch64"),
    ("mips32", "mips mipsel mipsr6 mipsr6el"),
    ("mips64", "mips64 mips64el mips64r6 mips64r6el"),
    ("mipseb", "mips mipsr6 mips64 mips64r6"),
    ("mipsel", "mipsel mipsr6el mips64el mips64r6el"),
    ("mips", "%{mips32} %{mips64}"),
    ("sparc", "sparc sparcv8 sparcv9 sparcv9v sparc64 sparc64v"),
    ("alpha", "alpha alphaev56 alphaev6 alphaev67"),
    ("power64", "ppc64 ppc64p7 ppc64le"),
    ("riscv32", "riscv32"),
    ("riscv64", "riscv64"),
    ("riscv128", "riscv128"),
    ("riscv", "%{riscv32} %{riscv64} %{riscv128}"),
    ("loongarch64", "loongarch64"),
];

/// The macros of a platform: architecture, family (`_arch`), and name and bits of its instruction set (`_isa`).
const PLATFORMS: [(&str, &str, &str, u8); 16] = [
    ("x86_64", "x86_64", "x86", 64),
    ("aarch64", "aarch64", "aarch", 64),
    ("ppc64le", "ppc64le", "ppc", 64),
    ("ppc64", "ppc64", "ppc", 64),
    ("s390x", "s390x", "s390", 64),
    ("riscv64", "riscv64", "riscv", 64),
    ("loongarch64", "loongarch64", "loongarch64", 64),
    ("mips64el", "mips64el", "mips", 64),
    ("mips64", "mips64", "mips", 64),
    ("sparc64", "sparc64", "sparc", 64),
    ("i386", "i386", "x86", 32),
    ("i586", "i386", "x86", 32),
    ("i686", "i386", "x86", 32),
    ("armv6hl", "arm", "armv6hl", 32),
    ("armv7hl", "arm", "armv7hl", 32),
    ("mipsel", "mipsel", "mips", 32),
];

/// The macros of an architecture. They have no value if it is not known, or not in the table.
pub fn macros(architecture: Option<&str>) -> Vec<(&'static str, Definition)> {
    let body = |text: &str| Definition::Body(text.to_owned(), None);
    let platform = PLATFORMS.iter().find(|(name, ..)| Some(*name) == architecture);
    let mut macros =
        vec![("_target_cpu", architecture.map_or(Definition::Foreign, body)), ("_isa", body("(%{__isa})"))];
    let Some(&(_, family, isa, bits)) = platform else {
        let unknown = ["_arch", "_build_arch", "__isa_name", "__isa_bits", "__isa", "_lib", "_libdir"];
        macros.extend(unknown.map(|name| (name, Definition::Foreign)));
        return macros;
    };
    let lib = if bits == 64 { "lib64" } else { "lib" };
    macros.extend([
        ("_arch", body(family)),
        ("_build_arch", body(family)),
        ("__isa_name", body(isa)),
        ("__isa_bits", body(&bits.to_string())),
        ("__isa", body("%{__isa_name}-%{__isa_bits}")),
        ("_lib", body(lib)),
        ("_libdir", body("%{_prefix}/%{_lib}")),
    ]);
    macros
}
