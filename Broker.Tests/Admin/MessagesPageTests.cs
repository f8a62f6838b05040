using System.Text.Json.Nodes;
using Broker.Tests.Http;
using Broker.Tests.Running;
using Microsoft.Playwright;

namespace Broker.Tests.Admin;

/// <summary>The page on which one looks at the messages of a channel or topic, in a real browser.</summary>
[Collection(AdminBrowserCollection.Name)]
public sealed class MessagesPageTests(AdminBrowser browser)
{
    [Fact]
    public async Task What_waits_is_shown_and_stays()
    {
        await using AdminBroker broker = await AdminBroker.StartAsync();
        await broker.PostAsync("/topic/create?topic=orders");
        await broker.PostAsync("/channel/create?topic=orders&channel=billing");
        await broker.Broker.PublishAsync("orders", """{"id":1,"name":"<b>Ada</b>"}""", "plain text", "\u0001\u00ff");
        await using AdminPage page = await browser.OpenAsync(broker.Home);
        await page.GoAsync("/topics/orders/billing");
        await page.ClickAsync(AriaRole.Link, "Messages");
        ILocator messages = page.Page.Locator("ol.messages > li");
        await Assertions.Expect(messages).ToHaveCountAsync(3);

        await messages.Nth(0).Locator("summary").ClickAsync();
        await Assertions.Expect(messages.Nth(0).Locator("pre")).ToHaveTextAsync("{\n  \"id\": 1,\n  \"name\": \"<b>Ada</b>\"\n}");
        await messages.Nth(1).Locator("summary").ClickAsync();
        await Assertions.Expect(messages.Nth(1).Locator("pre")).ToHaveTextAsync("plain text");
        await messages.Nth(2).Locator("summary").ClickAsync();
        await Assertions.Expect(messages.Nth(2).Locator("pre")).ToContainTextAsync("00000000  01 ff");
        await Assertions.Expect(messages.Nth(0).Locator("dl")).ToContainTextAsync("28 bytes");

        await page.ClickAsync(AriaRole.Link, "hex");
        await messages.Nth(1).Locator("summary").ClickAsync();
        await Assertions.Expect(messages.Nth(1).Locator("pre")).ToContainTextAsync("70 6c 61 69 6e 20 74 65");

        string id = (await messages.Nth(1).Locator("summary code").TextContentAsync())!;
        await page.Page.GetByLabel("Message id").FillAsync(id);
        await page.ClickAsync(AriaRole.Button, "Find");
        await Assertions.Expect(messages).ToHaveCountAsync(1);
        await Assertions.Expect(messages.Locator("summary code")).ToHaveTextAsync(id);

        // It was looked at, and is there for whoever consumes.
        await using NsqSocket consumer = await NsqSocket.OpenAsync(broker.Broker.TcpEndPoint);
        await consumer.SubscribeAsync("orders", "billing", ready: 10);
        NsqMessage[] got = await consumer.ExpectMessagesAsync(3);
        Assert.All(got, message => Assert.Equal(1, message.Attempts));
        Assert.Contains(got, message => message.Id == id);
    }

    [Fact]
    public async Task Dead_letters_are_shown_sent_back_and_discarded()
    {
        await using AdminBroker broker = await AdminBroker.StartAsync();
        await using NsqSocket consumer = await broker.KillAsync("orders", "billing", "first", "second", "third");
        await using AdminPage page = await browser.OpenAsync(broker.Home);
        await page.GoAsync("/topics/orders/billing/messages?state=dead");
        ILocator messages = page.Page.Locator("ol.messages > li");
        await Assertions.Expect(messages).ToHaveCountAsync(3);
        await messages.Nth(0).Locator("summary").ClickAsync();
        await Assertions.Expect(messages.Nth(0).Locator("dl")).ToContainTextAsync("requeued");
        await Assertions.Expect(messages.Nth(0).Locator("dl")).ToContainTextAsync("(mailer)");
        string body = (await messages.Nth(0).Locator("pre").TextContentAsync())!;

        await messages.Nth(0).GetByRole(AriaRole.Link, new LocatorGetByRoleOptions { Name = "Send back" }).ClickAsync();
        await page.ClickAsync(AriaRole.Button, "Send back");
        NsqMessage again = (await consumer.ExpectMessagesAsync(1))[0];
        Assert.Equal((body, 1), (again.Text, again.Attempts));
        await consumer.FinishAsync(again);
        await broker.Broker.UntilAsync("orders", "billing", stats => stats is { Dead: 2, Finished: 1 });

        string[] lines = (await broker.Web.GetStringAsync(new Uri($"/dead.ndjson?topic=orders&channel=billing&node={broker.Node}", UriKind.Relative))).TrimEnd('\n').Split('\n');
        Assert.Equal(2, lines.Length);
        Assert.All(lines, line => Assert.Equal("requeued", (string?)JsonNode.Parse(line)!["cause"]));
        await page.GoAsync("/topics/orders/billing/messages?state=dead");
        await page.ClickAsync(AriaRole.Link, "Discard all");
        await page.ClickAsync(AriaRole.Button, "Discard");
        await broker.Broker.UntilAsync("orders", "billing", stats => stats is { Dead: 0 });
        await Assertions.Expect(messages).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task Those_that_are_selected_are_sent_back_or_discarded_and_no_others()
    {
        await using AdminBroker broker = await AdminBroker.StartAsync();
        await using NsqSocket consumer = await broker.KillAsync("orders", "billing", "first", "second", "third", "fourth");
        await using AdminPage page = await browser.OpenAsync(broker.Home);
        await page.GoAsync("/topics/orders/billing/messages?state=dead");
        ILocator messages = page.Page.Locator("ol.messages > li");
        await Assertions.Expect(messages).ToHaveCountAsync(4);
        string[] previews = [.. await messages.Locator(".preview").AllTextContentsAsync()];
        foreach (string button in (string[])["Send selected back", "Discard selected"])
        {
            await page.ClickAsync(AriaRole.Button, button);
            await page.SeeAsync("No dead letter was selected.");
            await page.GoAsync("/topics/orders/billing/messages?state=dead");
        }

        await messages.Nth(0).GetByRole(AriaRole.Checkbox).CheckAsync();
        await messages.Nth(2).GetByRole(AriaRole.Checkbox).CheckAsync();
        await page.ClickAsync(AriaRole.Button, "Send selected back");
        await page.SeeAsync("Send 2 dead letters of channel billing of orders back?");
        await page.SeeAsync("2 messages come to the consumers");
        await page.ClickAsync(AriaRole.Button, "Send back");
        await page.SeeAsync("Sending 2 dead letters of channel billing of orders back.");
        NsqMessage[] again = await consumer.ExpectMessagesAsync(2);
        Assert.Equal(new[] { previews[0], previews[2] }.Order(), again.Select(message => message.Text).Order());
        foreach (NsqMessage message in again)
            await consumer.FinishAsync(message);
        await broker.Broker.UntilAsync("orders", "billing", stats => stats is { Dead: 2, Finished: 2 });

        await page.GoAsync("/topics/orders/billing/messages?state=dead");
        await messages.Nth(1).GetByRole(AriaRole.Checkbox).CheckAsync();
        await page.ClickAsync(AriaRole.Button, "Discard selected");
        await page.SeeAsync("It is lost for ever.");
        await page.ClickAsync(AriaRole.Button, "Discard");
        await Assertions.Expect(messages).ToHaveCountAsync(1);
        await Assertions.Expect(messages.Locator(".preview")).ToHaveTextAsync(previews[1]);
        Assert.Equal(1, (await broker.Broker.StatsAsync("orders", "billing"))!.Dead);
        // The browser tells of what was refused a moment later.
        page.ForgetErrors();
    }

    [Fact]
    public async Task What_a_topic_without_channels_holds_is_shown()
    {
        await using AdminBroker broker = await AdminBroker.StartAsync();
        await broker.Broker.PublishAsync("orders", [.. Enumerable.Range(1, 60).Select(i => $"order {i}")]);
        await using AdminPage page = await browser.OpenAsync(broker.Home);
        await page.GoAsync("/topics/orders");
        await page.ClickAsync(AriaRole.Link, "Messages");
        ILocator messages = page.Page.Locator("ol.messages > li");
        await Assertions.Expect(messages).ToHaveCountAsync(50);
        await page.ClickAsync(AriaRole.Link, "Next");
        await Assertions.Expect(messages).ToHaveCountAsync(10);
        await messages.Nth(9).Locator("summary").ClickAsync();
        await Assertions.Expect(messages.Nth(9).Locator("pre")).ToHaveTextAsync("order 60");

        string id = (await messages.Nth(3).Locator("summary code").TextContentAsync())!;
        await page.Page.GetByLabel("Message id").FillAsync(id);
        await page.ClickAsync(AriaRole.Button, "Find");
        await Assertions.Expect(messages).ToHaveCountAsync(1);
        await Assertions.Expect(messages.Locator("pre")).ToHaveTextAsync("order 54");
        await Assertions.Expect(page.Page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = "Finish (drop)" })).ToHaveCountAsync(0);
        await page.ClickAsync(AriaRole.Link, "hex");
        await Assertions.Expect(messages.Locator("pre")).ToContainTextAsync("6f 72 64 65 72 20 35 34");

        await broker.PostAsync("/channel/create?topic=orders&channel=billing");
        await page.GoAsync("/messages?topic=orders");
        await page.SeeAsync("No message waits in the topic");
        Assert.Equal(404, await page.GoAsync("/messages?topic=unknown"));
        page.ForgetErrors();
    }

    [Fact]
    public async Task What_is_in_flight_or_deferred_is_requeued_and_finished_once_that_is_confirmed()
    {
        await using AdminBroker broker = await AdminBroker.StartAsync();
        await using NsqSocket consumer = await NsqSocket.OpenAsync(broker.Broker.TcpEndPoint);
        await consumer.SubscribeAsync("orders", "billing", ready: 1);
        await broker.Broker.PublishAsync("orders", "first");
        NsqMessage inFlight = await consumer.ExpectMessageAsync("first");
        await broker.PostAsync("/channel/create?topic=orders&channel=billing");
        using HttpResponseMessage deferred = await broker.Api.PostAsync("/pub?topic=orders&defer=3600000", new StringContent("later"));
        await broker.Broker.UntilAsync("orders", "billing", stats => stats.Deferred == 1 && stats.InFlight == 1);
        await using AdminPage page = await browser.OpenAsync(broker.Home);

        await page.GoAsync("/topics/orders/billing/messages?state=in_flight");
        await page.SeeAsync(inFlight.Id);
        await page.SeeAsync(consumer.LocalEndPoint.ToString());
        await page.ClickAsync(AriaRole.Link, "Finish (drop)");
        await page.SeeAsync($"Finish message {inFlight.Id}?");
        await page.ClickAsync(AriaRole.Button, "Finish message");
        await page.SeeAsync($"Message {inFlight.Id} was finished.");
        await broker.Broker.UntilAsync("orders", "billing", stats => stats.InFlight == 0);

        await page.GoAsync("/topics/orders/billing/messages?state=deferred");
        await page.SeeAsync("(in 59 min");
        await page.ClickAsync(AriaRole.Link, "Requeue now");
        await page.ClickAsync(AriaRole.Button, "Requeue now");
        await page.SeeAsync("was requeued.");
        await consumer.ExpectMessageAsync("later");
    }

    [Fact]
    public async Task A_published_message_is_shown_and_says_that_it_waits()
    {
        await using AdminBroker broker = await AdminBroker.StartAsync();
        await broker.PostAsync("/topic/create?topic=orders");
        await broker.PostAsync("/channel/create?topic=orders&channel=billing");
        await using AdminPage page = await browser.OpenAsync(broker.Home);
        await page.GoAsync("/topics/orders/billing/messages");
        await page.SeeAsync($"No message is waiting on {broker.Node}.");
        await page.Page.GetByText("Publish a test message").ClickAsync();
        await page.Page.GetByLabel("Body").FillAsync("48 65 6c 6c 6f");
        await page.Page.GetByLabel("Format").SelectOptionAsync("hex");
        await page.ClickAsync(AriaRole.Button, "Publish…");
        await page.SeeAsync("5 bytes go to the topic.");
        await page.ClickAsync(AriaRole.Button, "Publish");
        await page.SeeAsync("A message was published to orders.");
        await page.SeeAsync("Hello");
        Assert.Equal(1, (await broker.Broker.StatsAsync("orders", "billing"))!.Depth);
    }

    [Fact]
    public async Task A_node_that_cannot_show_messages_says_so()
    {
        await using ScriptedNode node = await ScriptedNode.StartAsync(
            ("/stats", """{"version":"1.3.0","health":"OK","topics":[{"topic_name":"t","channels":[{"channel_name":"c","depth":3,"clients":[]}],"depth":0,"message_count":3}]}"""),
            ("/info", """{"version":"1.3.0","broadcast_address":"127.0.0.1","hostname":"old","tcp_port":4150,"http_port":{port}}"""));
        await using RunningAdmin admin = await RunningAdmin.StartAsync(settings => settings.Admin.NsqdHttpAddresses = [node.Address]);
        HttpReply page = await admin.GetAsync("/topics/t/c/messages");
        Assert.Equal(200, page.Status);
        Assert.Contains($"{node.Address} cannot show messages", page.Body);
        Assert.Equal(3, (int)JsonNode.Parse((await admin.GetAsync("/api/topics/t/c")).Body)!["depth"]!);
    }
}
