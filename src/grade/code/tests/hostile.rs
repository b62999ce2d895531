//! Sources that are made to hurt whoever reads them.

use super::*;

#[test]
fn deep_nesting_neither_overflows_nor_hangs() {
    let many = 100_000;
    for (program, parses) in [
        (format!("x = {}1{}\n", "(".repeat(many), ")".repeat(many)), "-"),
        (format!("x = {}1\n", "[".repeat(many)), "-"),
        (format!("x = {}True\n", "not ".repeat(60_000)), "M"),
        (format!("x = a{}\n", ".b".repeat(many)), "M"),
        (format!("x = a{}\n", "()".repeat(many)), "M"),
        (format!("x = {}1\n", "-".repeat(many)), "M"),
        (format!("x = {}1\n", "1+".repeat(many)), "M"),
        (format!("x = {}1\n", "lambda: ".repeat(30_000)), "M"),
        (format!("x = {}1\n", "1 if 1 else ".repeat(20_000)), "M"),
        (format!("if x: pass\n{}", "elif x: pass\n".repeat(15_000)), "M"),
    ] {
        let code = read(&[("lambda_function.py", &program)], "lambda_function.lambda_handler");
        let start: String = program.chars().take(20).collect();
        assert_eq!(&letters(&code)[..1], parses, "{start}");
    }
    let text = format!("x = f'{}'\n", "{".repeat(50_000));
    let _ = read(&[("lambda_function.py", &text)], "lambda_function.lambda_handler");
}

#[test]
fn recursion_and_explosion_come_to_an_end() {
    expect(
        "def lambda_handler(event, context):\n    return lambda_handler(event, lambda_handler)\n",
        "M----------M",
    );
    let mut program = String::from("def f0(x):\n    return [x]\n");
    for level in 1..30 {
        let below = level - 1;
        let lines =
            [format!("def f{level}(x):\n"), format!("    return f{below}(f{below}(x)) + f{below}([x])\n")];
        program.extend(lines);
    }
    program += "import boto3\ndef lambda_handler(event, context):\n    f29(event)\n    boto3.client('sts').assume_role()\n";
    let code = read(&[("lambda_function.py", &program)], "lambda_function.lambda_handler");
    assert_ne!(
        code.deed(Deed::AssumesRole).outcome,
        Outcome::Missed,
        "it is there, and could not be followed"
    );
}

#[test]
fn what_is_too_large_empty_or_no_python_is_not_read() {
    let large = "x = 1\n".repeat(100_000);
    expect(&large, "------------");
    expect("", "------------");
    expect("# nothing\n\n", "------------");
    expect("print 'hello'\n", "-----------M");
    expect("class Lambda { public static void main() {} }", "-----------M");
    same(&read(&[("index.js", "exports.handler = 1")], "index.handler"), "------------", "no Python");
    expect("x = 1\n", "M----------M");
    let random: String = (0..20_000_u32)
        .map(|n| char::from_u32(n.wrapping_mul(2_654_435_761) % 0x250).unwrap_or('x'))
        .collect();
    let _ = read(&[("lambda_function.py", &random)], "lambda_function.lambda_handler");
}

#[test]
fn evidence_is_short_and_on_one_line() {
    let long = "x".repeat(5_000);
    let program = format!(
        "import boto3\ndef lambda_handler(e, c):\n    boto3.client('sts').assume_role(RoleArn='\u{1b}[31m{long}')\n"
    );
    let code = expect(&program, "MN---------M");
    for line in code.deed(Deed::AssumesRole).evidence {
        assert!(line.chars().count() < 300 && !line.contains('\u{1b}'), "{line}");
    }
}
