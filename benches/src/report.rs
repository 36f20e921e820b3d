//! How figures are shown: one table for people, the same as JSON for machines, both with the machine that they
//! were measured on. Nothing is judged here.

use crate::failure::{Failure, tried};
use crate::machine::Machine;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Where benchmarks work and where their figures go: `benches/` beside the directory of this program.
pub(crate) struct Place {
    /// Directory of this program, where `spillway` and `surge` stand too.
    pub(crate) programs: PathBuf,
    /// `target/benches`.
    pub(crate) dir: PathBuf,
    /// What it was measured on.
    pub(crate) machine: Machine,
}

impl Place {
    /// Finds the place, makes the directory, looks at the machine.
    pub(crate) fn find() -> Result<Self, Failure> {
        let program = std::env::current_exe().map_err(tried("find this program"))?;
        let programs = program.parent().unwrap_or(Path::new(".")).to_owned();
        let dir = programs.parent().unwrap_or(Path::new(".")).join("benches");
        std::fs::create_dir_all(&dir).map_err(tried(format!("make {}", dir.display())))?;
        let machine = Machine::look(&dir)?;
        Ok(Self {
            programs,
            dir,
            machine,
        })
    }

    /// A fresh directory that goes away with its handle.
    pub(crate) fn scratch(&self) -> Result<tempfile::TempDir, Failure> {
        let made = tempfile::Builder::new()
            .prefix("work-")
            .tempdir_in(&self.dir);
        made.map_err(tried(format!("make a directory in {}", self.dir.display())))
    }

    /// The path of a program of this project.
    pub(crate) fn program(&self, name: &str) -> Result<PathBuf, Failure> {
        let path = self.programs.join(name);
        if path.exists() {
            return Ok(path);
        }
        Err(Failure::away(format!(
            "{} is missing; build the workspace in release first",
            path.display()
        )))
    }

    /// Prints the tables and writes `NAME.json`.
    pub(crate) fn publish(&self, name: &str, title: &str, tables: &[Table]) -> Result<(), Failure> {
        println!("\n{title}\n{}", self.machine.line());
        for table in tables {
            println!("\n{}", table.text());
        }
        let tables: Vec<Value> = tables.iter().map(Table::json).collect();
        let document = json!({
            "benchmark": name, "machine": self.machine.json(), "profile": profile(), "tables": tables,
        });
        let path = self.dir.join(format!("{name}.json"));
        let text = serde_json::to_string_pretty(&document).map_err(tried("write JSON"))?;
        std::fs::write(&path, text + "\n").map_err(tried(format!("write {}", path.display())))?;
        println!("\nwritten to {}", path.display());
        Ok(())
    }
}

/// Which build this is: figures of one with assertions are not those of what is shipped.
fn profile() -> &'static str {
    if cfg!(debug_assertions) {
        "release with assertions"
    } else {
        "release as shipped"
    }
}

/// One table: text cells for people, and the raw figures of each row.
pub(crate) struct Table {
    title: String,
    head: Vec<&'static str>,
    rows: Vec<(Vec<String>, Value)>,
}

impl Table {
    /// An empty table.
    pub(crate) fn new(title: impl Into<String>, head: &[&'static str]) -> Self {
        Self {
            title: title.into(),
            head: head.to_vec(),
            rows: Vec::new(),
        }
    }

    /// Adds a row: what people see, and everything that was measured.
    pub(crate) fn row(&mut self, cells: Vec<String>, raw: Value) {
        self.rows.push((cells, raw));
    }

    fn text(&self) -> String {
        let head: Vec<String> = self.head.iter().map(|&word| word.to_owned()).collect();
        let lines: Vec<&Vec<String>> = std::iter::once(&head)
            .chain(self.rows.iter().map(|(cells, _)| cells))
            .collect();
        let width = |column: usize| {
            let cells = lines.iter().filter_map(|line| line.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..head.len()).map(width).collect();
        let spell = |line: &Vec<String>| {
            let cells = line
                .iter()
                .zip(&widths)
                .enumerate()
                .map(|(column, (cell, &width))| {
                    if column == 0 {
                        format!("{cell:<width$}")
                    } else {
                        format!("{cell:>width$}")
                    }
                });
            cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        };
        let lines: Vec<String> = lines.into_iter().map(spell).collect();
        format!("{} ({})\n{}", self.title, profile(), lines.join("\n"))
    }

    fn json(&self) -> Value {
        let rows: Vec<&Value> = self.rows.iter().map(|(_, raw)| raw).collect();
        json!({ "title": self.title, "rows": rows })
    }
}

/// The middle of some figures; 0 of none.
pub(crate) fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match (sorted.get(middle), sorted.len() % 2) {
        (None, _) => 0.0,
        (Some(&upper), 1) => upper,
        (Some(&upper), _) => f64::midpoint(sorted[middle - 1], upper),
    }
}

/// A quotient; 0 when there is nothing to divide by.
pub(crate) fn ratio(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_of_odd_and_even_many() {
        assert_eq!(median(&[]), 0.0);
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0]), 2.5);
    }

    #[test]
    fn nothing_divided_by_nothing_is_no_ratio() {
        assert_eq!(ratio(1.0, 0.0), 0.0);
        assert_eq!(ratio(1.0, 4.0), 0.25);
    }

    #[test]
    fn columns_line_up_and_the_figures_stay_raw() {
        let mut table = Table::new("t", &["side", "rate"]);
        table.row(vec!["echo".into(), "12".into()], json!({ "rate": 12.0 }));
        table.row(vec!["all roles".into(), "7".into()], json!({ "rate": 7.0 }));
        assert!(
            table
                .text()
                .ends_with("side       rate\necho         12\nall roles     7")
        );
        assert_eq!(table.json()["rows"][1]["rate"], 7.0);
    }
}
