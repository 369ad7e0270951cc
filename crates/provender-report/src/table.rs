//! Aligned columns that never leave the terminal's width.
//!
//! Columns without borders, as uv and cargo write them. Where a row is too wide, columns give way and
//! their cells are wrapped; where even that is too wide, every row becomes a small list of its own.
//! Wrapping and measuring are `textwrap`'s. comfy-table, the library that comes nearest to the rest,
//! has no such list and does not know which words should stay whole.

use std::cmp::Reverse;
use std::fmt::Display;

use anstyle::Style as Paint;
use textwrap::core::{Word, display_width};
use textwrap::{Options, WordSeparator, WordSplitter, WrapAlgorithm};

use crate::Style;
use crate::style::{BOLD, PLAIN};
use crate::untrusted;

/// Blank columns between two columns.
const GAP: usize = 2;

/// A column's heading and how far it may be narrowed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    /// The heading; a table whose headings are all empty has no line for them.
    pub(crate) heading: &'static str,
    /// The width below which its cells would not be readable any more.
    pub(crate) floor: usize,
}

impl Column {
    pub(crate) const fn new(heading: &'static str, floor: usize) -> Self {
        Self { heading, floor }
    }
}

/// One cell: a line of text that is safe to show, and its colour.
#[derive(Debug, Clone)]
pub(crate) struct Cell {
    text: String,
    paint: Paint,
}

impl Cell {
    /// A cell in the terminal's own colour; control characters in the text are replaced.
    pub(crate) fn new(text: impl Display) -> Self {
        Self::painted(text, PLAIN)
    }

    /// A cell in a colour; control characters in the text are replaced.
    pub(crate) fn painted(text: impl Display, paint: Paint) -> Self {
        Self { text: untrusted::line(&text.to_string()), paint }
    }
}

/// Lays rows out under headings; every row has a cell for each column. Every line of the answer
/// ends with a line feed and is at most as wide as the style says.
pub(crate) fn render<const N: usize>(
    columns: &[Column; N],
    rows: &[[Cell; N]],
    style: Style,
) -> String {
    let Some(widths) = widths(columns, rows, style.columns()) else {
        return records(columns, rows, style);
    };
    let mut out = String::new();
    if columns.iter().any(|column| !column.heading.is_empty()) {
        let headings = columns.map(|column| Cell::painted(column.heading, BOLD));
        push_row(&mut out, &headings, &widths, style);
    }
    for row in rows {
        push_row(&mut out, row, &widths, style);
    }
    out
}

/// Breaks a text into lines of at most `width` columns; the lines after the first are indented by
/// `indent` columns.
pub(crate) fn wrap(text: &str, width: usize, indent: usize) -> Vec<String> {
    let indent = " ".repeat(indent);
    let options = Options::new(width)
        .subsequent_indent(&indent)
        .word_separator(WordSeparator::Custom(words))
        .word_splitter(WordSplitter::NoHyphenation)
        .wrap_algorithm(WrapAlgorithm::FirstFit)
        .break_words(true);
    textwrap::wrap(text, options).into_iter().map(|line| line.into_owned()).collect()
}

/// The pieces between which a line may be broken: at spaces, after the characters that join paths,
/// URLs and lists, before a line's number, and after a hyphen in a name, but not in an advisory's id.
fn words(line: &str) -> Box<dyn Iterator<Item = Word<'_>> + '_> {
    let mut rest = line;
    Box::new(std::iter::from_fn(move || {
        let mut before = '\0';
        let mut chars = rest.char_indices().peekable();
        let end = loop {
            let (index, c) = chars.next()?;
            let end = index + c.len_utf8();
            let Some((_, after)) = chars.peek() else { break end };
            let breaks = match c {
                ' ' => *after != ' ',
                '/' | '\\' | ',' => *after != ' ' && *after != c,
                ':' => after.is_ascii_digit(),
                '-' => before.is_lowercase() && after.is_lowercase(),
                _ => false,
            };
            if breaks {
                break end;
            }
            before = c;
        };
        let (word, after) = rest.split_at(end);
        rest = after;
        Some(Word::from(word))
    }))
}

/// How wide each column becomes; nothing if the columns do not fit even at their floors.
fn widths<const N: usize>(
    columns: &[Column; N],
    rows: &[[Cell; N]],
    available: usize,
) -> Option<[usize; N]> {
    // The widths of each column's cells, ascending. Nothing need be wider than the line.
    let cells: [Vec<usize>; N] = std::array::from_fn(|i| {
        let cells = rows.iter().map(|row| display_width(&row[i].text));
        let heading = display_width(columns[i].heading);
        let mut widths: Vec<usize> = cells.chain([heading]).map(|w| w.min(available)).collect();
        widths.sort_unstable();
        widths
    });
    let natural: [usize; N] = std::array::from_fn(|i| cells[i].last().copied().unwrap_or(0));
    let floors: [usize; N] = std::array::from_fn(|i| {
        natural[i].min(columns[i].floor.max(display_width(columns[i].heading)))
    });
    // First only so far that every word stays whole.
    let whole: [usize; N] = std::array::from_fn(|i| {
        let words = rows.iter().flat_map(|row| words(&row[i].text));
        let longest = words.map(|word| display_width(&word)).max().unwrap_or(0);
        longest.max(floors[i]).min(natural[i])
    });
    narrowed(natural, &whole, &cells, available)
        .or_else(|| narrowed(whole, &floors, &cells, available))
}

/// The widths after columns gave way, none below its floor; nothing if that does not make them fit.
/// That column gives way where the fewest cells are wrapped for it, and of those the widest.
fn narrowed<const N: usize>(
    mut widths: [usize; N],
    floors: &[usize; N],
    cells: &[Vec<usize>; N],
    available: usize,
) -> Option<[usize; N]> {
    while widths.iter().sum::<usize>() + GAP * N.saturating_sub(1) > available {
        let yielding = (0..N).filter(|&i| widths[i] > floors[i]).min_by_key(|&i| {
            let wrapped = cells[i].len() - cells[i].partition_point(|&cell| cell < widths[i]);
            (wrapped, Reverse(widths[i]))
        })?;
        widths[yielding] -= 1;
    }
    Some(widths)
}

fn push_row<const N: usize>(out: &mut String, row: &[Cell; N], widths: &[usize; N], style: Style) {
    let cells: [Vec<String>; N] = std::array::from_fn(|i| wrap(&row[i].text, widths[i].max(1), 0));
    let height = cells.iter().map(Vec::len).max().unwrap_or(0);
    for line in 0..height {
        // Blanks are owed until something follows them, so that no line ends with one.
        let mut owed = 0;
        for (i, cell) in cells.iter().enumerate() {
            let text = cell.get(line).map_or("", String::as_str);
            if !text.is_empty() {
                out.push_str(&" ".repeat(owed));
                out.push_str(&style.paint(row[i].paint, text));
                owed = 0;
            }
            owed += widths[i].saturating_sub(display_width(text)) + GAP;
        }
        out.push('\n');
    }
}

/// Every row as lines of `heading  cell`, or as cells below one another where there are no headings.
fn records<const N: usize>(columns: &[Column; N], rows: &[[Cell; N]], style: Style) -> String {
    let headed = columns.iter().any(|column| !column.heading.is_empty());
    let label = columns.iter().map(|column| display_width(column.heading)).max().unwrap_or(0);
    let indent = if headed { label + GAP } else { 2 * GAP };
    let mut out = String::new();
    for (index, row) in rows.iter().enumerate() {
        if headed && index > 0 {
            out.push('\n');
        }
        for (i, (column, cell)) in columns.iter().zip(row).enumerate() {
            if cell.text.is_empty() {
                continue;
            }
            let lead = if headed {
                format!("{:<indent$}", column.heading)
            } else {
                " ".repeat(if i == 0 { 0 } else { indent })
            };
            for (n, line) in wrap(&cell.text, style.columns() - indent, 0).iter().enumerate() {
                match n {
                    0 if headed => out.push_str(&style.paint(BOLD, &lead)),
                    0 => out.push_str(&lead),
                    _ => out.push_str(&" ".repeat(indent)),
                }
                out.push_str(&style.paint(cell.paint, line));
                out.push('\n');
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use unicode_width::UnicodeWidthStr;

    const COLUMNS: [Column; 3] =
        [Column::new("name", 8), Column::new("why", 10), Column::new("where", 10)];

    fn at(width: usize, rows: &[[&str; 3]]) -> String {
        let rows: Vec<_> = rows.iter().map(|row| row.map(Cell::new)).collect();
        render(&COLUMNS, &rows, Style { width, ..Style::PLAIN })
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        assert_eq!(
            at(80, &[["a", "because", "b.txt"], ["日本", "so", "c"]]),
            "name  why      where\n\
             a     because  b.txt\n\
             日本  so       c\n"
        );
    }

    #[test]
    fn the_column_that_needs_it_least_gives_way_first() {
        let wide = "x y z ".repeat(3);
        let table =
            at(40, &[["name", &wide, "some/path/x.txt:1"], ["name", "x", "some/path/x.txt:2"]]);
        assert!(table.contains("  some/path/x.txt:1\n"), "{table}");
    }

    #[test]
    fn the_widest_column_gives_way_first() {
        assert_eq!(
            at(40, &[["requests", "it is wanted by all the others", "some/path/x.txt"]]),
            "name      why             where\n\
             requests  it is wanted    some/path/\n\
             \u{20}         by all the      x.txt\n\
             \u{20}         others\n"
        );
    }

    #[test]
    fn paths_are_broken_after_their_slashes() {
        assert_eq!(
            wrap("services/backend/requirements.txt", 20, 0),
            ["services/backend/", "requirements.txt"]
        );
    }

    #[test]
    fn names_are_broken_at_hyphens_and_ids_are_not() {
        assert_eq!(wrap("python-multipart", 10, 0), ["python-", "multipart"]);
        assert_eq!(wrap("GHSA-wj6h-64fc-37mp", 12, 0), ["GHSA-wj6h-64", "fc-37mp"]);
        assert_eq!(wrap("https://a.example/b:12", 20, 0), ["https://a.example/b:", "12"]);
    }

    #[test]
    fn rows_that_fit_no_line_become_lists() {
        let columns = [Column::new("a", 20), Column::new("bcd", 30)];
        let rows = [["x".repeat(25), "y".repeat(45)], ["p".repeat(2), String::new()]];
        let rows = rows.map(|row| row.map(Cell::new));
        assert_eq!(
            render(&columns, &rows, Style { width: 40, ..Style::PLAIN }),
            "a    xxxxxxxxxxxxxxxxxxxxxxxxx\n\
             bcd  yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\n\
             \u{20}    yyyyyyyyyy\n\
             \n\
             a    pp\n"
        );
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        let texts = [
            "",
            "x",
            "日本語の説明 と とても長い文",
            "👩‍👩‍👧 ⚠️ e\u{301}",
            "a/b,c d\\e",
            &"w".repeat(300),
        ];
        for width in [0, 40, 41, 57, 80, 120] {
            for a in texts {
                for b in texts {
                    for line in at(width, &[[a, b, a], [b, a, b]]).lines() {
                        assert!(line.width() <= width.max(40), "{width}: {line}");
                    }
                }
            }
        }
    }

    #[test]
    fn colours_are_there_only_when_wanted() {
        let rows = [[Cell::painted("x", BOLD)]];
        let columns = [Column::new("", 4)];
        assert_eq!(render(&columns, &rows, Style::PLAIN), "x\n");
        let painted = render(&columns, &rows, Style { color: true, ..Style::PLAIN });
        assert_eq!(painted, "\u{1b}[1mx\u{1b}[0m\n");
    }
}
