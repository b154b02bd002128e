"""mozilla-django-oidc in a Django site, as its documentation sets it up."""

import os
import sys
import tempfile
from wsgiref.simple_server import make_server

import django
from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import include, path

folder = tempfile.TemporaryDirectory()
site = {
    "INSTALLED_APPS": ["django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions"],
    "MIDDLEWARE": [
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ],
    "DATABASES": {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.path.join(folder.name, "db")}},
    "ROOT_URLCONF": __name__,
    "SECRET_KEY": os.urandom(16).hex(),
    "ALLOWED_HOSTS": ["localhost"],
    "LOGIN_REDIRECT_URL": "/",
    "LOGOUT_REDIRECT_URL": "/bye",
    "LOGGING": {"version": 1, "disable_existing_loggers": False, "root": {"level": "INFO"}},
}
with open(os.environ["SETTINGS"]) as block:
    exec(block.read(), site)
sys.modules["shop"] = sys.modules[__name__]  # as the settings call this file
settings.configure(**{name: value for name, value in site.items() if name.isupper()})
django.setup()
call_command("migrate", verbosity=0)


def home(request):
    if not request.user.is_authenticated:
        return redirect("oidc_authentication_init")
    return JsonResponse({"username": request.user.username, "email": request.user.email})


def bye(request):
    return HttpResponse("bye")


urlpatterns = [path("", home), path("bye", bye), path("oidc/", include("mozilla_django_oidc.urls"))]

make_server("localhost", int(os.environ["PORT"]), get_wsgi_application()).serve_forever()
