//! Full stops at pauses: pairs that must come out equal, and pairs that must not.

use super::normalise;
use super::table_tests::check;

#[test]
fn a_pause_inside_a_fact_is_no_break() {
    check(
        "
        -- money
        Your balance is one thousand, two hundred fifty four dollars. And thirty seven cents. = Your balance is $1,254.37
        one thousand, two hundred, fifty four dollars and thirty seven cents = $1,254.37
        one thousand. Two hundred fifty four dollars = $1254
        one thousand. Two hundred fifty four dollars. And thirty seven cents. = $1,254.37
        One thousand. Two hundred. And fifty four dollars = $1254
        one thousand. Two hundred fifty four. = 1254
        $1,254. And thirty seven cents. = $1,254.37
        nineteen dollars. Ninety five cents. = $19.95
        -- times and dates
        Tuesday, March 14th. At 3:30 p.m. = Tuesday March 14 at 3:30 PM
        Tuesday. March. Fourteenth. At 3:30 p.m. = Tuesday, March 14th at 3:30 PM
        January fifth. Twenty twenty six. = January 5, 2026
        at ten. Fifteen a.m. = at 10:15 AM
        at 10. 15 a.m. = at 10:15 AM
        at six. Oh five a.m. = at 6:05 AM
        at three. P.M. = at 3 PM
        at 3:30. P.M. = at 3:30 PM
        at three thirty. P.M. = at 3:30 PM
        at three. Thirty. = at 3:30
        at quarter past. Three. = at 3:15
        at six. In the morning. = at 6 AM
        -- figures and codes
        four one five. Five five five. Zero one three two. = 415-555-0132
        four one five. Five five five. Zero one three two, is that right? = 415-555-0132 is that right
        415. 555. 0132. = 415-555-0132
        415. 555. 0132 is that right? = 415-555-0132 is that right
        four one five... Five five five... Zero one three two = 415-555-0132
        one eight hundred. Five five five. Zero one nine nine. = 1-800-555-0199
        four one five. Triple five. Oh one three two. = 415-555-0132
        The code is B. Seven. K. Four. = The code is B7K4
        The code is B. Seven. K. Four. Is there anything else? = The code is B7K4 is there anything else
        The code is B, 7. K, 4. = The code is B7K4
        The code is B. A. Four. = The code is BA4
        seat twelve. B. = seat 12B
        4. 8. 2. 9. = 4829
        forty eight. Twenty nine. = 4829
        order number 4, 8, 2, 9, 1. Has shipped = order number 48291 has shipped
        order number 4, 8, 2. 9, 1. Has shipped = order number 48291 has shipped
        -- No.
        Order No. 5 has shipped = order number 5 has shipped
        order no. 5 has shipped = order number 5 has shipped
        No. 5. = number 5
        No. = no
        No. That is wrong. = no that is wrong
        No. Five people are waiting. = no five people are waiting
        ",
    );
}

#[test]
fn a_break_between_facts_is_kept() {
    check(
        "
        The total is 20. 5 items. ! The total is 205 items
        The total is 20. 5. ! The total is 205
        The total is twenty. Five items. ! The total is 25 items
        It is 4829. 5 stars. ! It is 48295 stars
        You pay 20. 5 dollars are left. ! You pay 205 dollars are left
        You pay 1000. 2000 dollars are left. ! You pay 10002000 dollars are left
        It was one thousand. Two thousand dollars is left. ! It was 1002 thousand dollars is left
        A cup is 1 dollar. 50 cents more for milk. ! A cup is $1.50 more for milk
        It is one dollar. Two dollars tomorrow. ! It is one two dollars tomorrow
        at ten. Five p.m. is free too ! at 10:05 PM is free too
        There are six. In the morning we call. ! There are 6 AM we call
        at 3:30. Five. ! at 3:35
        at 3:30 p.m. Five seats are left. ! at 3:30 p.m. 35 seats are left
        in March. First, call us. ! March 1, call us
        Your total is 5. Oh. ! Your total is 50
        Plan A. B is cheaper. ! Plan AB is cheaper
        No. 5 people are waiting. ! number 5 people are waiting
        No. 5 PM is not free. ! number 5 PM is not free
        I said no. 5 people are waiting. ! I said number 5 people are waiting
        No. ! number
        B. Seven. K. Four. ! B7K5
        415. 555. 0132. ! 415-555-0123
        ",
    );
}

#[test]
fn tokens_keep_their_place_in_the_text() {
    let text = normalise("The code is B. Seven. K. Four. Thank you.");
    assert_eq!(text.to_string(), "the code is code:b7k4 thanks");
    assert_eq!(text.original(3), "B. Seven. K. Four");
}
