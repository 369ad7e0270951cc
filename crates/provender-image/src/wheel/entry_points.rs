//! `entry_points.txt` (PyPA specification "Entry points").

/// A script that calls a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct EntryPoint {
    /// The name of the script.
    pub(super) name: String,
    /// The module, with dots.
    pub(super) module: String,
    /// The object in it, with dots where it is an attribute of another.
    pub(super) object: String,
}

/// The scripts of a group, by name; the last of a name counts. An error names the script and says what
/// is wrong with it.
pub(super) fn entry_points(text: &str, group: &str) -> Result<Vec<EntryPoint>, (String, String)> {
    let mut section = "";
    let mut points: Vec<EntryPoint> = Vec::new();
    for line in text.lines().map(str::trim) {
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            section = name.trim();
        } else if section == group {
            let point = entry_point(line)?;
            points.retain(|before| before.name != point.name);
            points.push(point);
        }
    }
    points.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(points)
}

fn entry_point(line: &str) -> Result<EntryPoint, (String, String)> {
    let (name, value) = line.split_once('=').unwrap_or((line, ""));
    let name = name.trim();
    let wrong = |reason: &str| Err((name.escape_debug().to_string(), reason.to_owned()));
    // It becomes the name of a file.
    if matches!(name, "" | "." | "..")
        || name.contains(['/', '\\'])
        || name.chars().any(char::is_control)
    {
        return wrong("its name is none of a file");
    }
    if name.starts_with(".wh.") || name.len() > 255 {
        return wrong("a file in a layer cannot have that name");
    }
    // `module:object [extra, ...]`
    let reference = value.split('[').next().unwrap_or_default().trim();
    let Some((module, object)) = reference.split_once(':') else {
        return wrong("it says no `module:function` to call");
    };
    let (module, object) = (module.trim(), object.trim());
    if !dotted(module) || !dotted(object) {
        return wrong(&format!("`{reference}` is no `module:function`"));
    }
    let (module, object) = (module.to_owned(), object.to_owned());
    Ok(EntryPoint { name: name.to_owned(), module, object })
}

/// Whether the text is names joined by dots, so that it can stand in a line of Python.
fn dotted(text: &str) -> bool {
    text.split('.').all(|part| {
        part.starts_with(|c: char| c.is_alphabetic() || c == '_')
            && part.chars().all(|c| c.is_alphanumeric() || c == '_')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scripts_of_a_group_are_found() {
        let text = "# x\n[console_scripts]\n b = m.n:f \na=m:C.run [extra]\nb = m:g\n\n; y\n\
                    [other]\nc = not, read\n[gui_scripts]\nd=m:f\n";
        let of = |group| {
            let points = entry_points(text, group).unwrap().into_iter();
            points.map(|p| [p.name, p.module, p.object].join(" ")).collect::<Vec<_>>()
        };
        assert_eq!(of("console_scripts"), ["a m C.run", "b m g"]);
        assert_eq!(of("gui_scripts"), ["d m f"]);
        assert_eq!(of("none"), [""; 0]);
    }

    #[test]
    fn scripts_that_lead_elsewhere_or_call_nothing_are_refused_by_name() {
        for (line, said) in [
            ("../../sh = m:f", "its name is none of a file"),
            (".. = m:f", "its name is none of a file"),
            (".wh.python = m:f", "cannot have that name"),
            ("a = m", "no `module:function` to call"),
            ("a", "no `module:function` to call"),
            ("a = m:f()", "`m:f()`"),
            ("a = m;import os:f", "`m;import os:f`"),
            ("a = :f", "`:f`"),
            ("a = m:", "`m:`"),
        ] {
            let text = format!("[console_scripts]\n{line}\n");
            let (_, reason) = entry_points(&text, "console_scripts").unwrap_err();
            assert!(reason.contains(said), "{line}: {reason}");
        }
    }
}
