//! Tests a rubric: the reference lab must score full, and every mutation of it must be caught by a criterion.
