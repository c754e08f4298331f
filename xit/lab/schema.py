"""The columns of the lab's datasets, types and label names included: those of the real ones."""

from datasets import ClassLabel, Features, List, Value

UPOS = ("ADJ ADP ADV AUX CCONJ DET INTJ NOUN NUM PART PRON PROPN PUNCT SCONJ SYM VERB X").split()
NER = "O B-PER I-PER B-ORG I-ORG B-LOC I-LOC".split()
CCG = (
    r". N N/N N\N NP/N (S\NP)/NP (S\S)/NP S\S S[wq]/S (S\NP)/PRED S[adj]"
).split()  # of the source language; the only one with CCG data
TEXT = Value("string")
LABEL = ClassLabel(names=["entailment", "neutral", "contradiction"])


def texts(columns: str) -> dict[str, Value]:
    """Columns of text."""
    return dict.fromkeys(columns.split(), TEXT)


NLI = Features(premise=TEXT, hypothesis=TEXT, label=LABEL)
MNLI = Features({**NLI, "idx": Value("int32")})
ANLI = Features(uid=TEXT, premise=TEXT, hypothesis=TEXT, label=LABEL, reason=TEXT)
QQP = Features(
    question1=TEXT,
    question2=TEXT,
    label=ClassLabel(names=["not_duplicate", "duplicate"]),
    idx=Value("int32"),
)
PAWS = Features(texts("sentence1 sentence2 label"))  # the label is a string on the Hub
SQUAD = Features(
    texts("id title context question")
    | {"answers": {"text": List(TEXT), "answer_start": List(Value("int32"))}}
)
XTREME_QA = Features(
    texts("id title context question")
    | {"answers": {"answer_start": List(Value("int32")), "text": List(TEXT)}}
)
HELLASWAG = Features(
    texts("activity_label ctx_a ctx_b ctx source_id split split_type label")
    | {"ind": Value("int32"), "endings": List(TEXT)}
)
COSMOS = Features(
    texts("id context question answer0 answer1 answer2 answer3") | {"label": Value("int32")}
)
COMMONSENSE = Features(
    id=TEXT,
    question=TEXT,
    question_concept=TEXT,
    choices={"label": List(TEXT), "text": List(TEXT)},
    answerKey=TEXT,
)
SOCIAL = Features(texts("context question answerA answerB answerC label"))  # "1" to "3"
COPA = Features(
    texts("premise choice1 choice2 question")
    | {"idx": Value("int32"), "label": ClassLabel(names=["choice1", "choice2"])}
)
XCOPA = Features(
    texts("premise choice1 choice2 question")
    | {"label": Value("int32"), "idx": Value("int32"), "changed": Value("bool")}
)
TRANSLATIONS = Features(texts("source_sentence target_sentence source_lang target_lang"))
CCG_TAGS = Features(tokens=List(TEXT), ccg_tags=List(ClassLabel(names=CCG)))
POS_TAGS = Features(tokens=List(TEXT), pos_tags=List(ClassLabel(names=UPOS)))
NER_TAGS = Features(tokens=List(TEXT), ner_tags=List(ClassLabel(names=NER)), langs=List(TEXT))
