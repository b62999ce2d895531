//! What a class and each of its students get to see: HTML, Markdown, text, CSV, JSON, `JUnit`, Gradescope.
