//! Macros as rpm expands them.

use crate::rpm::srpm::macros::Macros;
use crate::rpm::srpm::value::Expansion;

/// Expands the lines one after the other, and compares the last one.
#[track_caller]
fn check(lines: &str, expected: &str) {
    let mut macros = Macros::of(Some("x86_64"));
    let mut last = Expansion::default();
    for line in lines.lines() {
        last = macros.expand(line).unwrap();
    }
    assert_eq!((last.text, last.beyond), (expected.to_owned(), None), "{lines}");
}

/// Expands the lines, and compares the construct of the last line that has no value.
#[track_caller]
fn beyond(lines: &str, expected: &str) {
    let mut macros = Macros::of(Some("x86_64"));
    let mut last = Ok(Expansion::default());
    for line in lines.lines() {
        last = macros.expand(line);
    }
    let said = last.map_or_else(Some, |expansion| expansion.beyond).map(|beyond| beyond.to_string());
    assert!(said.as_ref().is_some_and(|said| said.contains(expected)), "{lines}: {said:?}");
}

#[test]
fn defined_macros_are_expanded() {
    for (lines, expected) in [
        ("100% of %%x, % and %", "100% of %x, % and %"),
        ("%global x 1\n%x%{x}%{?x}%?x", "1111"),
        ("%global x 1\n[%{?x:yes}%{!?x:no}%{?y:yes}%{!?y:no}%{?y}]", "[yesno]"),
        ("%global x 1\n%{?x:}", "1"),
        ("%{!?x:%global x 2}\n%{!?x:%global x 3}\n%x", "2"),
        ("%define x %{y}\n%define y 1\n%define y 2\n%{x}", "2"),
        ("%global y 1\n%global x %{y}\n%global y 2\n%{x}", "1"),
        ("%global x %{y}\n%global y 2\n%{x}", "2"),
        ("%global x %%{y}\n%global y 3\n%{x}", "3"),
        ("%global x {a b}c\n%{x}", "a b"),
        ("%global x 1\n%undefine x\n%{?x}", ""),
        ("%define x 1\n%define x 2\n%undefine x\n%{x}", "1"),
        ("%global x 1\n%{defined x}%{undefined x}%{defined y}%{undefined y}", "1001"),
        ("%bcond_with a\n%bcond_without b\n%{with a}%{without a}%{with b}%{without b}%{?with_b}", "01101"),
        ("%bcond a 1\n%bcond b 0\n%bcond c %{with a}\n%{with a}%{with b}%{with c}", "101"),
        ("%global _with_a 1\n%bcond_with a\n%{with a}", "1"),
        ("%global n 2\n%[%n * 3 > 5 ? \"yes\" : \"no\"]", "yes"),
        ("%global x y\n%global y 7\n%{expand:%%{%{x}}}", "7"),
        ("a%dnl b %(c)", "a"),
        ("%{_bindir}/x %{nil}.", "/usr/bin/x ."),
        ("%files, %patch0, %d and %setup", "%files, %patch0, %d and %setup"),
    ] {
        check(lines, expected);
    }
}

#[test]
fn macros_without_a_value_are_named() {
    for (lines, expected) in [
        ("%{x}", "`%{x}` is not defined"),
        ("a%{?y}%name_of_it", "`%name_of_it` is not defined"),
        ("%(date)", "`%(date)` is not resolved"),
        ("%global x %(date)\na%{x}", "`%(date)`"),
        ("%global x %{_sbindir}\n%global _sbindir b\n%{x}", "`%{_sbindir}`"),
        ("%{?_initddir}", "`%{?_initddir}`"),
        ("%[1 +]", "an expression (the operators do not fit)"),
        ("%[%{x} > 1]", "`%{x}` is not defined"),
        ("%define f() %1\n%{f %(date)}", "`%(date)`"),
        ("%{lua:print(1)}", "`%{lua:print(1)}`"),
        ("%{load:/x}", "`%{load:/x}`"),
        ("%{?debug_package}", "`%{?debug_package}`"),
        ("%autochangelog", "`%autochangelog`"),
        ("%define x %{x}\n%{x}", "contains itself"),
        ("%{gsub %{nil}a . b}", "`%{gsub %{nil}a . b}`"),
    ] {
        beyond(lines, expected);
    }
}
