//! Sizes in a form for people.

/// A size for people: `811 B`, `1.4 MB`; powers of ten, three digits.
pub fn human_size(bytes: u64) -> String {
    let mut size = bytes as f64;
    for unit in ["B", "kB", "MB", "GB"] {
        if size < 999.5 {
            let digits = usize::from(unit != "B" && size < 99.95);
            return format!("{size:.digits$} {unit}");
        }
        size /= 1000.0;
    }
    format!("{size:.1} TB")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_for_people() {
        for (bytes, text) in
            [(0, "0 B"), (999, "999 B"), (1_000, "1.0 kB"), (1_449_000, "1.4 MB"), (123_456_789, "123 MB")]
        {
            assert_eq!(human_size(bytes), text);
        }
    }
}
