//! Fills the gradebooks that others keep: Canvas, Moodle. What is not the grade stays as it was, byte for byte.
