using Broker.Tests.Running;
using Microsoft.Playwright;
using Eventually = Broker.Tests.Gateway.Eventually;

namespace Broker.Tests.Admin;

/// <summary>What a page looks like at certain moments, for everybody and on every screen.</summary>
[Collection(AdminBrowserCollection.Name)]
public sealed class AccessibilityTests(AdminBrowser browser)
{
    [Fact]
    public async Task A_log_in_and_what_a_viewer_sees()
    {
        using PasswordFolder passwords = new();
        await using AdminBroker broker = await AdminBroker.StartAsync(settings => settings.Admin.PasswordFile = passwords.Path);
        await broker.PublishAsync("orders", 1);
        await using AdminPage page = await browser.OpenAsync(broker.Home);
        await page.GoAsync("/topics/orders");
        await page.MustServeEverybodyAsync();
        foreach (string password in (string[])["wrong", PasswordFolder.VictorsPassword])
        {
            await page.Page.GetByLabel("Name").FillAsync("victor");
            await page.Page.GetByLabel("Password").FillAsync(password);
            await page.ClickAsync(AriaRole.Button, "Log in");
            await page.SeeAsync(password == "wrong" ? "The name or the password is wrong." : "No channel yet");
            await page.MustServeEverybodyAsync();
        }

        Assert.Equal(403, await page.GoAsync("/confirm?action=delete&topic=orders"));
        await page.MustServeEverybodyAsync();
        page.ForgetErrors();
    }

    [Fact]
    public async Task A_broker_without_topics_an_open_message_and_what_is_refused()
    {
        await using AdminBroker broker = await AdminBroker.StartAsync();
        await using AdminPage page = await browser.OpenAsync(broker.Home);
        foreach (string path in (string[])["/", "/nodes", "/topics/unknown", "/confirm?action=create&topic=not%20valid"])
        {
            await page.GoAsync(path);
            await page.MustServeEverybodyAsync();
        }

        await broker.PublishAsync("orders", 1, """{"customer":"c-1"}""");
        await page.GoAsync("/messages?topic=orders");
        await page.Page.GetByText("Publish a test message").ClickAsync();
        await page.MustServeEverybodyAsync();
        await page.Page.GetByLabel("Body", new PageGetByLabelOptions { Exact = true }).FillAsync("hello");
        await page.ClickAsync(AriaRole.Button, "Publish…");
        await page.SeeAsync("Publish to orders?");
        await page.MustServeEverybodyAsync();
        await page.ClickAsync(AriaRole.Button, "Publish");
        await page.SeeAsync("A message was published to orders.");
        await page.MustServeEverybodyAsync();
        page.ForgetErrors();
    }

    [Fact]
    public async Task Dead_letters_and_policies()
    {
        await using AdminBroker broker = await AdminBroker.StartAsync();
        await using AdminPage page = await browser.OpenAsync(broker.Home);
        await page.GoAsync("/");
        await using NsqSocket consumer = await broker.KillAsync("orders", "billing", "first", """{"customer":"c-1"}""");
        await Eventually.TrueAsync(async () =>
        {
            await page.GoAsync("/");
            return await page.Page.GetByText("died in the last hour").CountAsync() > 0;
        });
        await page.MustServeEverybodyAsync();
        foreach (string path in (string[])["/policy?topic=orders", "/policy?topic=orders&channel=billing", "/topics/orders/billing/messages?state=dead"])
        {
            await page.GoAsync(path);
            await page.MustServeEverybodyAsync();
        }

        await page.Page.Locator("ol.messages summary").First.ClickAsync();
        await page.MustServeEverybodyAsync();
        foreach (ILocator box in await page.Page.GetByRole(AriaRole.Checkbox).AllAsync())
            await box.CheckAsync();
        await page.ClickAsync(AriaRole.Button, "Discard selected");
        await page.SeeAsync("2 dead letters are lost for ever.");
        await page.MustServeEverybodyAsync();
    }
}
