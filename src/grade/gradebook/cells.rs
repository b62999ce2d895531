//! Cells of a CSV file by where their bytes stand.
