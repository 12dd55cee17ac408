use super::{Along, Chart, Ink};

/// How much is left of something. The words beside it say the same, and are what is read out: the picture is for the eye alone.
pub(in crate::page) fn meter(left: u64, of: u64) -> Chart {
    let width = Along::of(left.into(), of.into());
    let ink = ink(left, of);
    Chart(format!(
        "<svg class=\"chart meter\" width=\"100%\" height=\"12\" aria-hidden=\"true\">\
         <rect class=\"off\" x=\"0\" y=\"1\" width=\"100%\" height=\"10\"/>\
         <rect class=\"{}\" x=\"0\" y=\"1\" width=\"{width}\" height=\"10\"/></svg>",
        ink.class(),
    ))
}

/// A tenth is little, a quarter is something to look at.
fn ink(left: u64, of: u64) -> Ink {
    match Along::of(left.into(), of.into()).0 {
        0..1_000 => Ink::Bad,
        1_000..2_500 => Ink::Warn,
        _ => Ink::Good,
    }
}

#[cfg(test)]
mod tests {
    use super::meter;
    use crate::page::chart::testing::{assert_whole, percentages};

    #[test]
    fn a_meter_is_as_full_as_what_is_left() {
        for (left, of, width, ink) in [
            (0, 0, 0, "bad"),
            (0, 5_000, 0, "bad"),
            (499, 5_000, 998, "bad"),
            (500, 5_000, 1_000, "warn"),
            (1_250, 5_000, 2_500, "good"),
            (5_000, 5_000, 10_000, "good"),
            (u64::MAX, 1, 10_000, "good"),
            (u64::MAX, u64::MAX, 10_000, "good"),
        ] {
            let html = meter(left, of).to_string();
            assert_whole(&html);
            let mark = format!("<rect class=\"{ink}\"");
            assert_eq!(percentages(&html, &mark, "width"), [width], "{left} of {of}");
        }
    }
}
