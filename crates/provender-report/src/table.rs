//! Aligned columns that never leave the terminal's width.
//!
//! Columns without borders, as uv and cargo write them. Where a row is too wide, columns give way and
//! their cells are wrapped; where even that is too wide, every row becomes a small list of its own.
//! Measuring is `textwrap`'s. comfy-table, the library that comes nearest to the rest, has no such list
//! and does not know which words should stay whole.

use std::cmp::Reverse;
use std::fmt::Display;

use anstyle::Style as Paint;
use textwrap::core::display_width;

use crate::Style;
use crate::style::{BOLD, PLAIN};
use crate::untrusted;
use crate::wrap::{words, wrap};

/// Blank columns between two columns.
const GAP: usize = 2;

/// A column's heading and how far it may be narrowed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    /// The heading; a table whose headings are all empty has no line for them.
    pub(crate) heading: &'static str,
    /// The width below which its cells would not be readable any more.
    pub(crate) floor: usize,
    /// Whether its cells end below one another, as numbers do.
    right: bool,
}

impl Column {
    pub(crate) const fn new(heading: &'static str, floor: usize) -> Self {
        Self { heading, floor, right: false }
    }

    /// A column of numbers, which stand flush right and are not narrowed.
    pub(crate) const fn number(heading: &'static str) -> Self {
        Self { heading, floor: 12, right: true }
    }
}

/// One cell: a line of text that is safe to show, and its colour.
#[derive(Debug, Clone)]
pub(crate) struct Cell {
    /// What stands before the text, in its own colour; the text's lines are indented below it.
    mark: Option<(&'static str, Paint)>,
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
        Self { mark: None, text: untrusted::line(&text.to_string()), paint }
    }

    /// The cell with a mark and a blank before its text.
    pub(crate) fn marked(self, mark: &'static str, paint: Paint) -> Self {
        Self { mark: Some((mark, paint)), ..self }
    }

    fn indent(&self) -> usize {
        self.mark.map_or(0, |(mark, _)| display_width(mark) + 1)
    }

    fn width(&self) -> usize {
        self.indent() + display_width(&self.text)
    }

    /// Its lines, none wider than `width`, each with the width that it really has.
    fn lines(&self, width: usize, style: Style) -> Vec<(usize, String)> {
        let indent = self.indent();
        wrap(&self.text, width.saturating_sub(indent).max(1), 0)
            .iter()
            .enumerate()
            .map(|(index, line)| {
                let lead = match self.mark {
                    Some((mark, paint)) if index == 0 => format!("{} ", style.paint(paint, mark)),
                    _ => " ".repeat(indent),
                };
                let width = indent + display_width(line);
                if line.is_empty() {
                    (width.saturating_sub(1), lead.trim_end().to_owned())
                } else {
                    (width, format!("{lead}{}", style.paint(self.paint, line)))
                }
            })
            .collect()
    }
}

/// Lays rows out under headings; every row has a cell for each column. Every line of the answer
/// ends with a line feed and is at most as wide as the style says.
pub(crate) fn render<const N: usize>(
    columns: &[Column; N],
    rows: &[[Cell; N]],
    style: Style,
) -> String {
    render_with(columns, rows, &[], style)
}

/// As [`render`], with a text below each row; a row for which there is no text, or an empty one,
/// has none. The texts are shown as they are.
pub(crate) fn render_with<const N: usize>(
    columns: &[Column; N],
    rows: &[[Cell; N]],
    below: &[String],
    style: Style,
) -> String {
    let Some(widths) = widths(columns, rows, style.columns()) else {
        return records(columns, rows, below, style);
    };
    let mut out = String::new();
    if columns.iter().any(|column| !column.heading.is_empty()) {
        let headings = columns.map(|column| Cell::painted(column.heading, BOLD));
        push_row(&mut out, columns, &headings, &widths, style);
    }
    for (index, row) in rows.iter().enumerate() {
        push_row(&mut out, columns, row, &widths, style);
        out.push_str(below.get(index).map_or("", String::as_str));
    }
    out
}

/// How wide each column becomes; nothing if the columns do not fit even at their floors.
fn widths<const N: usize>(
    columns: &[Column; N],
    rows: &[[Cell; N]],
    available: usize,
) -> Option<[usize; N]> {
    // The widths of each column's cells, ascending. Nothing need be wider than the line.
    let cells: [Vec<usize>; N] = std::array::from_fn(|i| {
        let cells = rows.iter().map(|row| row[i].width());
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
        let longest = rows.iter().flat_map(|row| {
            words(&row[i].text).map(move |word| row[i].indent() + display_width(&word))
        });
        let longest = longest.max().unwrap_or(0);
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

fn push_row<const N: usize>(
    out: &mut String,
    columns: &[Column; N],
    row: &[Cell; N],
    widths: &[usize; N],
    style: Style,
) {
    let cells: [_; N] = std::array::from_fn(|i| row[i].lines(widths[i], style));
    let height = cells.iter().map(Vec::len).max().unwrap_or(0);
    for line in 0..height {
        // Blanks are owed until something follows them, so that no line ends with one.
        let mut owed = 0;
        for (i, cell) in cells.iter().enumerate() {
            let (width, text) = cell.get(line).map_or((0, ""), |(width, text)| (*width, text));
            let spare = widths[i].saturating_sub(width);
            if text.is_empty() {
                owed += widths[i] + GAP;
                continue;
            }
            let (before, after) = if columns[i].right { (spare, 0) } else { (0, spare) };
            out.push_str(&" ".repeat(owed + before));
            out.push_str(text);
            owed = after + GAP;
        }
        out.push('\n');
    }
}

/// Every row as lines of `heading  cell`, or as cells below one another where there are no headings.
fn records<const N: usize>(
    columns: &[Column; N],
    rows: &[[Cell; N]],
    below: &[String],
    style: Style,
) -> String {
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
            for (n, (_, line)) in cell.lines(style.columns() - indent, style).iter().enumerate() {
                match n {
                    0 if headed => out.push_str(&style.paint(BOLD, &lead)),
                    0 => out.push_str(&lead),
                    _ => out.push_str(&" ".repeat(indent)),
                }
                out.push_str(line);
                out.push('\n');
            }
        }
        out.push_str(below.get(index).map_or("", String::as_str));
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
    fn numbers_end_below_one_another() {
        let columns = [Column::new("name", 8), Column::number("files"), Column::new("why", 8)];
        let rows = [["a", "1", "x"], ["b", "214", "y"]].map(|row| row.map(Cell::new));
        assert_eq!(
            render(&columns, &rows, Style::PLAIN),
            "name  files  why\n\
             a         1  x\n\
             b       214  y\n"
        );
    }

    #[test]
    fn lines_stand_under_the_text_and_not_under_its_mark() {
        let columns = [Column::new("", 8), Column::new("", 8)];
        let cell = Cell::new("one two three four five six").marked("ok", BOLD);
        let row = [cell, Cell::new("seven eight nine ten")];
        assert_eq!(
            render_with(&columns, &[row], &["  below\n".to_owned()], Style::PLAIN),
            "ok one two three four five six  seven eight nine ten\n  below\n"
        );
        let cell = Cell::new("one two three four five six").marked("ok", BOLD);
        let row = [cell, Cell::new("seven eight nine ten")];
        assert_eq!(
            render(&columns, &[row], Style { width: 40, ..Style::PLAIN }),
            "ok one two three     seven eight nine\n   four five six     ten\n"
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
