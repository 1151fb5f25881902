"""Zero-balance accounts; a voucher's text in its row; why a payment failed; when a refund and a day were settled."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F, Q

PROTECT = django.db.models.deletion.PROTECT
KINDS = {
    "5201": "财政直接支付凭证",
    "8202": "财政授权支付凭证",
    "5108": "直接支付清算额度通知单",
    "5106": "授权支付清算额度通知单",
    "2301": "申请划款凭证回单",
    "2302": "申请退款凭证回单",
    "2203": "直接支付退款通知书",
    "3502": "凭证对账单",
}


def _key():
    return ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"))


def _unit(**options):
    return models.ForeignKey(on_delete=PROTECT, related_name="+", to="directory.unit", **options)


ACCOUNT = migrations.CreateModel(
    "Account",
    [
        _key(),
        ("name", models.CharField(max_length=120)),
        ("key", models.BinaryField(max_length=80)),
        ("number", models.BinaryField(max_length=120)),
        ("opened_on", models.DateField()),
        ("closed_on", models.DateField(blank=True, null=True)),
        ("bank", _unit()),
        ("finance", _unit()),
        ("unit", _unit(blank=True, null=True)),
    ],
    options={
        "constraints": [
            models.UniqueConstraint(
                fields=["finance", "unit"],
                condition=Q(closed_on__isnull=True),
                nulls_distinct=False,
                name="account_one_open",
            ),
            models.CheckConstraint(condition=Q(closed_on__gte=F("opened_on")), name="account_days_in_order"),
        ]
    },
)
FAILURE = migrations.CreateModel(
    "Failure",
    [
        _key(),
        ("reason", models.CharField(max_length=200)),
        ("on", models.DateField()),
        ("at", models.DateTimeField()),
        (
            "payment",
            models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=PROTECT,
                related_name="failures",
                to="disclosures.payment",
            ),
        ),
    ],
    options={"constraints": [models.UniqueConstraint(fields=["payment"], name="failure_once")]},
)
VOUCHER = [
    migrations.RemoveConstraint("voucher", "voucher_once"),
    migrations.RemoveConstraint("voucher", "voucher_kind_known"),
    migrations.RemoveField("voucher", "file"),
    migrations.AddField("voucher", "key", models.BinaryField(default=b"", max_length=80), preserve_default=False),
    migrations.AddField("voucher", "body", models.BinaryField(default=b""), preserve_default=False),
    migrations.AlterField("voucher", "kind", models.CharField(choices=list(KINDS.items()), max_length=4)),
    migrations.AddIndex("voucher", models.Index(fields=["bank", "outgoing", "-id"], name="voucher_of_bank")),
    migrations.AddIndex(
        "voucher",
        models.Index(fields=["id"], condition=Q(outgoing=True, sent_at__isnull=True), name="voucher_unsent"),
    ),
    migrations.AddConstraint(
        "voucher",
        models.UniqueConstraint(fields=["bank", "kind", "outgoing", "year", "number"], name="voucher_once"),
    ),
    migrations.AddConstraint(
        "voucher", models.CheckConstraint(condition=Q(kind__in=list(KINDS)), name="voucher_kind_known")
    ),
]


class Migration(migrations.Migration):
    dependencies = [("directory", "0005_money_roles"), ("disclosures", "0007_publishing")]
    operations = [
        ACCOUNT,
        FAILURE,
        *VOUCHER,
        migrations.AddField("clearing", "reconciled_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddField("reversal", "cleared_on", models.DateField(blank=True, null=True)),
        migrations.AddIndex(
            "reversal", models.Index(fields=["on"], condition=Q(cleared_on__isnull=True), name="reversal_uncleared")
        ),
    ]
