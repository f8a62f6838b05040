using System.Net;
using System.Text;
using Broker.Admin;
using Broker.Gateway.Security;
using Broker.Tests.Http;
using Broker.Tests.Running;
using Broker.Tests.Silo;
using Microsoft.Playwright;

namespace Broker.Tests.Admin;

/// <summary>Who is let in, and what they may do.</summary>
[Collection(AdminBrowserCollection.Name)]
public sealed class LoginTests(AdminBrowser browser)
{
    [Fact]
    public async Task Whoever_knows_a_password_is_admitted_and_nobody_else()
    {
        using PasswordFolder passwords = new();
        await using AdminBroker broker = await AdminBroker.StartAsync(settings => settings.Admin.PasswordFile = passwords.Path);
        await broker.PublishAsync("orders", 1);
        await using AdminPage page = await browser.OpenAsync(broker.Home);

        await page.GoAsync("/topics/orders");
        Assert.StartsWith($"{broker.Home}/login?next=", page.Page.Url);
        await LogInAsync(page, "alice", "wrong");
        await page.SeeAsync("The name or the password is wrong.");
        Assert.Equal("password", await page.Page.EvaluateAsync<string>("document.activeElement.id"));
        page.ForgetErrors();
        await LogInAsync(page, "alice", PasswordFolder.AlicesPassword);
        await page.SeeAsync("Channels");
        Assert.Equal($"{broker.Home}/topics/orders", page.Page.Url);
        BrowserContextCookiesResult cookie = (await page.Page.Context.CookiesAsync()).Single(cookie => cookie.Name == "broker_admin");
        Assert.Equal((true, SameSiteAttribute.Strict), (cookie.HttpOnly, cookie.SameSite));
        await page.ClickAsync(AriaRole.Link, "Pause");
        await page.ClickAsync(AriaRole.Button, "Pause topic");
        await page.SeeAsync("Paused topic orders.");

        await page.ClickAsync(AriaRole.Button, "Log out");
        await page.SeeAsync("Log in");
        await page.GoAsync("/");
        await page.SeeAsync("Log in");
    }

    [Fact]
    public async Task A_viewer_sees_everything_and_changes_nothing()
    {
        using PasswordFolder passwords = new();
        await using AdminBroker broker = await AdminBroker.StartAsync(settings => settings.Admin.PasswordFile = passwords.Path);
        await broker.PublishAsync("orders", 1);
        await using AdminPage page = await browser.OpenAsync(broker.Home);
        await page.GoAsync("/");
        await LogInAsync(page, "victor", PasswordFolder.VictorsPassword);
        await page.GoAsync("/topics/orders");
        await page.SeeAsync("Channels");
        Assert.Equal(0, await page.Page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = "Delete" }).CountAsync());
        Assert.Equal(403, await page.GoAsync("/confirm?action=delete&topic=orders"));
        page.ForgetErrors();

        string basic = Basic("victor", PasswordFolder.VictorsPassword);
        using HttpRequestMessage delete = new(HttpMethod.Delete, "/api/topics/orders");
        delete.Headers.Add("Authorization", basic);
        using HttpResponseMessage refused = await broker.Web.SendAsync(delete);
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        Assert.True((await broker.Broker.StatsAsync("orders")).Exists);
    }

    [Fact]
    public async Task Programs_log_in_with_each_request()
    {
        using PasswordFolder passwords = new();
        await using HttpBroker broker = await HttpBroker.StartAsync();
        await using RunningAdmin admin = await RunningAdmin.OfAsync(broker.Broker, settings => settings.Admin.PasswordFile = passwords.Path);
        (await admin.GetAsync("/api/topics")).IsError(401, "UNAUTHORIZED");
        (await admin.GetAsync("/api/topics", ("Authorization", Basic("alice", "wrong")))).IsError(401, "UNAUTHORIZED");
        (await admin.GetAsync("/api/topics", ("X-Forwarded-User", "alice"))).IsError(401, "UNAUTHORIZED");
        (await admin.PostAsync("/api/topics", """{"topic":"t"}""", ("Authorization", Basic("alice", PasswordFolder.AlicesPassword)))).IsJson("""{"message":""}""");
        (await admin.GetAsync("/api/topics", ("Authorization", Basic("victor", PasswordFolder.VictorsPassword)))).IsJson("""{"topics":["t"],"message":""}""");
        Assert.Equal("OK", (await admin.GetAsync("/ping")).Body);
        Assert.Equal(302, (await admin.GetAsync("/")).Status);
    }

    [Fact]
    public async Task Passwords_can_be_tried_a_few_times_only()
    {
        using PasswordFolder passwords = new();
        await using HttpBroker broker = await HttpBroker.StartAsync();
        await using RunningAdmin admin = await RunningAdmin.OfAsync(broker.Broker, settings => settings.Admin.PasswordFile = passwords.Path);
        for (int i = 0; i < LoginLimit.Attempts; i++)
            Assert.Equal(401, (await admin.GetAsync("/api/topics", ("Authorization", Basic("alice", $"guess {i}")))).Status);
        (await admin.GetAsync("/api/topics", ("Authorization", Basic("alice", PasswordFolder.AlicesPassword)))).IsError(401, "UNAUTHORIZED");
    }

    [Fact]
    public async Task A_user_who_is_taken_out_of_the_file_is_out()
    {
        using PasswordFolder passwords = new();
        await using AdminBroker broker = await AdminBroker.StartAsync(settings => settings.Admin.PasswordFile = passwords.Path);
        await using AdminPage page = await browser.OpenAsync(broker.Home);
        await page.GoAsync("/cluster");
        await LogInAsync(page, "alice", PasswordFolder.AlicesPassword);
        await page.SeeAsync("This silo");
        passwords.KeepOnly("victor");
        for (int i = 0; i < 1000 && !page.Page.Url.Contains("/login", StringComparison.Ordinal); i++)
        {
            await page.GoAsync("/cluster");
            await Task.Delay(50);
        }
        Assert.Contains("/login", page.Page.Url);
        page.ForgetErrors();
    }

    [Fact]
    public async Task A_trusted_proxy_says_who_it_is_and_nobody_else_does()
    {
        await using HttpBroker broker = await HttpBroker.StartAsync();
        await broker.PostAsync("/topic/create?topic=t");
        await using RunningAdmin trusting = await RunningAdmin.OfAsync(broker.Broker, settings =>
        {
            settings.Admin.TrustedProxies = [AddressRange.Parse("127.0.0.1/32")];
            settings.Admin.AdminUsers = ["alice"];
        });
        (await trusting.GetAsync("/api/topics")).IsError(403, "FORBIDDEN");
        (await trusting.GetAsync("/api/topics", ("X-Forwarded-User", "victor"))).IsJson("""{"topics":["t"],"message":""}""");
        (await trusting.PostAsync("/api/topics/t", """{"action":"pause"}""", ("X-Forwarded-User", "victor"))).IsError(403, "FORBIDDEN");
        (await trusting.PostAsync("/api/topics/t", """{"action":"pause"}""", ("X-Forwarded-User", "alice"))).IsJson("""{"message":""}""");

        await using RunningAdmin distant = await RunningAdmin.OfAsync(broker.Broker, settings =>
            settings.Admin.TrustedProxies = [AddressRange.Parse("10.0.0.0/8")]);
        (await distant.GetAsync("/api/topics", ("X-Forwarded-User", "alice"))).IsError(403, "FORBIDDEN");
    }

    [Fact]
    public async Task Cookies_are_for_encrypted_connections_where_the_browser_has_one()
    {
        using PasswordFolder passwords = new();
        await using RunningAdmin admin = await RunningAdmin.StartAsync(settings =>
        {
            settings.Admin.NsqdHttpAddresses = ["127.0.0.1:1"];
            settings.Admin.PasswordFile = passwords.Path;
            settings.Admin.TrustedProxies = [AddressRange.Parse("127.0.0.1")];
        });
        foreach (string scheme in (string[])["https", "http"])
        {
            using HttpRequestMessage request = new(HttpMethod.Get, "/login");
            request.Headers.Add("X-Forwarded-Proto", scheme);
            using HttpResponseMessage page = await admin.ResponseAsync(request);
            string cookie = page.Headers.GetValues("Set-Cookie").Single();
            Assert.Contains("httponly", cookie);
            Assert.Contains("samesite=strict", cookie);
            Assert.Equal(scheme == "https", cookie.Contains("secure", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task A_form_without_its_token_does_nothing()
    {
        await using AdminBroker broker = await AdminBroker.StartAsync();
        await broker.PublishAsync("orders", 1);
        using FormUrlEncodedContent form = new(new Dictionary<string, string> { ["action"] = "delete", ["topic"] = "orders" });
        using HttpResponseMessage refused = await broker.Web.PostAsync("/actions", form);
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        Assert.True((await broker.Broker.StatsAsync("orders")).Exists);
    }

    [Fact]
    public async Task Pages_forbid_all_that_is_not_of_this_site()
    {
        await using AdminBroker broker = await AdminBroker.StartAsync();
        using HttpResponseMessage page = await broker.Web.GetAsync("/");
        string policy = page.Headers.GetValues("Content-Security-Policy").Single();
        Assert.Contains("default-src 'none'", policy);
        Assert.Contains("script-src 'self'", policy);
        Assert.DoesNotContain("unsafe", policy);
        Assert.Contains("frame-ancestors 'none'", policy);
        Assert.Equal("nosniff", page.Headers.GetValues("X-Content-Type-Options").Single());
        string html = await page.Content.ReadAsStringAsync();
        Assert.DoesNotContain("style=", html);
        Assert.DoesNotContain("<script>", html);
        Assert.DoesNotContain("onclick", html);
    }

    [Fact]
    public async Task The_admin_web_sees_a_broker_that_asks_others_to_log_in()
    {
        using DataFolder folder = new();
        string users = Path.Combine(folder.Path, "users.json");
        await File.WriteAllTextAsync(users, """{"users":[]}""");
        await using AdminBroker broker = await AdminBroker.StartAsync(settings => settings.Gateway.Auth.File = users);
        using HttpResponseMessage stats = await broker.Api.GetAsync("/stats");
        Assert.Equal(HttpStatusCode.Unauthorized, stats.StatusCode);
        string nodes = await broker.Web.GetStringAsync("/api/nodes");
        Assert.Contains($"\"http_port\":{broker.Broker.HttpEndPoint.Port}", nodes);
        Assert.Contains("\"stats\":{}", await broker.Web.GetStringAsync("/api/counter"));
    }

    [Theory]
    [InlineData("alice:admin", "users:2: a line is name:role:hash, as \"Broker.Silo hash-password\" prints it")]
    [InlineData("alice:root:x", "users:2: \"root\" is no role; write admin or viewer")]
    [InlineData("alice:admin:x", "users:2: \"alice\" has no valid hash; make one with \"Broker.Silo hash-password\"")]
    [InlineData("", "users names no user; add a line that \"Broker.Silo hash-password\" prints")]
    public async Task A_file_that_cannot_be_used_keeps_the_admin_web_from_starting(string line, string complaint)
    {
        using DataFolder folder = new();
        string path = Path.Combine(folder.Path, "users");
        await File.WriteAllTextAsync(path, $"# users\n{line}\n");
        Broker.Silo.Hosting.StartException failure = await Assert.ThrowsAsync<Broker.Silo.Hosting.StartException>(() => RunningAdmin.StartAsync(settings =>
        {
            settings.Admin.NsqdHttpAddresses = ["127.0.0.1:1"];
            settings.Admin.PasswordFile = path;
        }));
        Assert.Equal($"admin-password-file: {folder.Path}/{complaint}", failure.Message);
    }

    [Fact]
    public async Task A_line_of_the_file_is_made_by_a_command()
    {
        using StringWriter output = new();
        using StringWriter error = new();
        Broker.Silo.CommandLine.BrokerProgram program = new(Fail, Fail, Fail, Fail, new Dictionary<string, string>(), new StringReader("secret\n"), output, error);
        Assert.Equal(0, await program.RunAsync(["hash-password", "--user", "alice", "--role=viewer"]));
        PasswordEntry entry = PasswordEntry.Parse(output.ToString().Trim());
        Assert.Equal(("alice", AdminRole.Viewer), (entry.Name, entry.Role));
        Assert.True(entry.Matches("secret"));
        Assert.False(entry.Matches("Secret"));
        Assert.StartsWith("hash-password: write the password", await ProgramRun.ComplaintOfAsync("hash-password --user=alice"));

        static Task Fail(Broker.Silo.Settings.BrokerSettings settings, CancellationToken cancellation) => throw new InvalidOperationException();
    }

    private static string Basic(string name, string password) => $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes($"{name}:{password}"))}";

    private static async Task LogInAsync(AdminPage page, string name, string password)
    {
        await page.Page.GetByLabel("Name").FillAsync(name);
        await page.Page.GetByLabel("Password").FillAsync(password);
        await page.ClickAsync(AriaRole.Button, "Log in");
    }
}
