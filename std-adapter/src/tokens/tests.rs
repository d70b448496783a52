use super::*;
use crate::server::Refuse;
use crate::users::MemoryUsers;

/// Says this of every token.
#[derive(Debug)]
struct Says(Result<Grant, TokenRefusal>);

impl TokenVerifier for Says {
    fn verify<'a>(&'a self, _: &'a Presented<'a>) -> Verifying<'a> {
        Box::pin(core::future::ready(self.0.clone()))
    }
}

fn listed() -> MemoryUsers {
    let mut users = MemoryUsers::new();
    assert!(users.add_token("tim", "t1") && users.add_token("anna", "t2"));
    assert!(users.add_token("anna", "shared") && users.add_token("tim", "shared"));
    users
}

#[tokio::test]
async fn a_listed_token_is_its_owners_and_nobody_elses() {
    let users = listed();
    let whose = async |token: &str, username: Option<&str>| {
        let presented = Presented::new(token);
        let presented = match username {
            Some(username) => presented.with_username(username),
            None => presented,
        };
        authenticate(&users, &presented).await.map(|grant| grant.username().to_owned()).ok()
    };
    assert_eq!(whose("t1", None).await.as_deref(), Some("tim"));
    assert_eq!(whose("t1", Some("tim")).await.as_deref(), Some("tim"));
    assert_eq!(whose("t1", Some("anna")).await, None);
    assert_eq!(whose("t1", Some("")).await, None);
    assert_eq!(whose("t3", Some("tim")).await, None);
    assert_eq!(whose("", None).await, None);
    // One that several have is the named one's.
    assert_eq!(whose("shared", Some("tim")).await.as_deref(), Some("tim"));
    assert_eq!(whose("shared", Some("anna")).await.as_deref(), Some("anna"));
}

#[tokio::test]
async fn the_first_that_takes_a_token_decides_and_else_the_one_that_came_nearest() {
    let invalid = || Says(Err(TokenRefusal::invalid("no")));
    let unavailable = || Says(Err(TokenRefusal::unavailable("down")));
    let scope = || Says(Err(TokenRefusal::InsufficientScope { scope: "send".into() }));
    let taken = |name: &str| Says(Ok(Grant::new(name)));
    let presented = Presented::new("x");
    let ask = async |verifier: FirstOf| authenticate(&verifier, &presented).await;

    let all = FirstOf::new().or(invalid()).or(unavailable()).or(taken("tim")).or(taken("anna"));
    assert_eq!(ask(all).await.unwrap().username(), "tim");
    assert!(matches!(ask(FirstOf::new()).await, Err(TokenRefusal::Invalid(_))));
    let refused = ask(FirstOf::new().or(unavailable()).or(invalid())).await;
    assert!(matches!(refused, Err(TokenRefusal::Unavailable(_))));
    let refused = ask(FirstOf::new().or(scope()).or(unavailable()).or(invalid())).await;
    assert!(matches!(refused, Err(TokenRefusal::InsufficientScope { .. })));
}

#[test]
fn a_client_hears_the_status_and_the_scope_and_not_why() {
    let invalid = Refuse::from(TokenRefusal::invalid("it has expired"));
    assert_eq!(invalid, Refuse::token(TokenStatus::InvalidToken, ""));
    assert_eq!(invalid.to_string(), Refuse::credentials().to_string());
    let scope = Refuse::from(TokenRefusal::InsufficientScope { scope: "send".into() });
    assert_eq!(scope, Refuse::token(TokenStatus::InsufficientScope, "send"));
    assert_eq!(Refuse::from(TokenRefusal::unavailable("down")), Refuse::unavailable());
}

#[test]
fn what_is_presented_prints_without_the_token() {
    let presented = Presented::new("t0ken").with_username("tim");
    let text = format!("{presented:?}");
    assert!(text.contains("tim") && !text.contains("t0ken"), "{text}");
}
