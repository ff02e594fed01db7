"""Facts and verdicts as text: table rows, Markdown, HTML, pictures and YAML, without I/O."""
