//! Every operation the sandbox serves, called through boto3, with each answer compared with botocore's model.

use crate::lab::Account;
use crate::moto::conformance;
use crate::served::Served;
use crate::wire::Fault;

#[test]
fn boto3_gets_every_answer_in_the_model_s_shape() {
    let account = Account::live();
    let served = Served::new(&account, |_| Fault::None);
    let (id, secret) = served.key();
    conformance("shapes.py", &served.url(), (&id, &secret), &[]);
}
