"""Files uploaded with a form that is not sent yet."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("cases", "0005_tally")]
    operations = [
        migrations.CreateModel(
            name="TrayFile",
            fields=[
                ("ref", models.CharField(max_length=32, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=200)),
                ("mime", models.CharField(max_length=100)),
                ("size", models.PositiveIntegerField()),
                ("stored", models.CharField(max_length=200)),
                ("at", models.DateTimeField()),
            ],
            options={"indexes": [models.Index(fields=["at"], name="tray_at")]},
        ),
    ]
