using Broker.Admin;
using Broker.Tests.Running;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using Eventually = Broker.Tests.Gateway.Eventually;

namespace Broker.Tests.Admin;

/// <summary>The pages in a real browser, over a broker with real traffic.</summary>
[Collection(AdminBrowserCollection.Name)]
public sealed class PageTests(AdminBrowser browser)
{
    [Fact]
    public async Task Every_page_opens()
    {
        await using AdminBroker broker = await AdminBroker.StartAsync();
        await using NsqSocket consumer = await ConsumeAsync(broker);
        await using AdminPage page = await browser.OpenAsync(broker.Home);
        (string Path, string Heading, string Text)[] pages =
        [
            ("/", "Topics", "orders"),
            ("/topics", "Topics", "orders"),
            ("/topics/orders", "orders", "billing"),
            ("/topics/orders/billing", "billing", "127.0.0.1"),
            ("/topics/orders/billing/messages", "Messages", ""),
            ("/topics/orders/billing/messages?state=dead", "Messages", "No message is dead"),
            ("/policy?topic=orders", "Policy", "Its channels"),
            ("/policy?topic=orders&channel=billing", "Policy", "Message timeout"),
            ("/nodes", "Nodes", "127.0.0.1"),
            ($"/nodes/{broker.Node}", broker.Node, "billing"),
            ("/lookup", "Lookup", "127.0.0.1"),
            ("/counter", "Counter", "messages handed to all channels"),
            ("/cluster", "Cluster", "1.3.0"),
            ("/confirm?action=delete&topic=orders", "Delete topic orders?", "lost"),
        ];
        foreach ((string path, string heading, string text) in pages)
        {
            Assert.Equal(200, await page.GoAsync(path));
            Assert.Equal(heading, await page.Page.Locator("h1").TextContentAsync());
            await page.SeeAsync(text);
            Assert.Empty(await page.Page.EvaluateAsync<string[]>(NamelessControls));
            Assert.Empty(await page.Page.EvaluateAsync<string[]>(UnexplainedPatterns));
        }
        Assert.Equal(404, await page.GoAsync("/topics/unknown"));
        page.ForgetErrors();
    }

    [Fact]
    public async Task What_comes_or_goes_shows_before_the_next_look_is_due()
    {
        await using AdminBroker broker = await AdminBroker.StartAsync(settings => settings.Admin.SampleInterval = TimeSpan.FromHours(1));
        await using AdminPage page = await browser.OpenAsync(broker.Home);
        await page.GoAsync("/");

        // What comes before the page listens is not told to it.
        int made = 0;
        await Eventually.TrueAsync(async () =>
        {
            await broker.PostAsync($"/topic/create?topic=payments{made++}");
            return await page.Page.Locator("[data-live^='m:payments']").CountAsync() > 0;
        });
    }

    [Fact]
    public async Task Numbers_and_rows_change_while_one_looks()
    {
        await using AdminBroker broker = await AdminBroker.StartAsync();
        await broker.PublishAsync("orders", 3);
        await broker.PostAsync("/channel/create?topic=orders&channel=billing");
        await using AdminPage page = await browser.OpenAsync(broker.Home);
        await page.GoAsync("/");
        await page.SeeLiveAsync("m:orders", "3");

        await broker.PublishAsync("orders", 2);
        await page.SeeLiveAsync("m:orders", "5");
        await broker.PublishAsync("payments", 1);
        await page.SeeLiveAsync("m:payments", "1");

        await page.GoAsync("/topics/orders/billing");
        await page.SeeLiveAsync("tile:Depth", "5");
        await using NsqSocket consumer = await NsqSocket.OpenAsync(broker.Broker.TcpEndPoint);
        await consumer.SubscribeAsync("orders", "billing", ready: 2);
        await page.SeeLiveAsync("tile:In flight", "2");
        await page.SeeLiveAsync("tile:Depth", "3");
        await page.SeeLiveAsync($"cr:{broker.Node}/{consumer.LocalEndPoint}", "2");
        Assert.NotEqual("", await page.Page.Locator("path.line.b").First.GetAttributeAsync("d"));
    }

    [Fact]
    public async Task What_died_in_the_last_hour_is_told_on_the_page_of_topics()
    {
        await using AdminBroker broker = await AdminBroker.StartAsync();
        await using AdminPage page = await browser.OpenAsync(broker.Home);
        await page.GoAsync("/");
        await page.SeeAsync("No topics yet");
        await using NsqSocket consumer = await broker.KillAsync("orders", "billing", "first", "second");
        await Eventually.TrueAsync(async () =>
        {
            await page.GoAsync("/");
            return await page.Page.GetByText("2 messages died in the last hour:").CountAsync() == 1;
        });
        await page.ClickAsync(AriaRole.Link, "orders / billing");
        await Assertions.Expect(page.Page.Locator("ol.messages > li")).ToHaveCountAsync(2);
        // To be sent back undoes no death.
        await broker.PostAsync("/channel/redrive?topic=orders&channel=billing");
        await consumer.ExpectMessagesAsync(2);
        await page.GoAsync("/");
        await page.SeeLiveAsync("died", "2 messages died in the last hour:");
    }

    [Fact]
    public async Task Every_action_is_confirmed_with_what_is_lost_and_done()
    {
        await using AdminBroker broker = await AdminBroker.StartAsync();
        await broker.PublishAsync("orders", 3);
        await using AdminPage page = await browser.OpenAsync(broker.Home);

        await page.GoAsync("/lookup");
        await page.Page.GetByLabel("Topic", new PageGetByLabelOptions { Exact = true }).FillAsync("orders");
        await page.Page.GetByLabel("Channel (optional)").FillAsync("billing");
        await page.ClickAsync(AriaRole.Button, "Create…");
        await page.SeeAsync("Create channel billing of orders?");
        await page.ClickAsync(AriaRole.Button, "Create channel");
        await page.SeeAsync("Created channel billing of orders.");
        Assert.Equal($"{broker.Home}/topics/orders/billing", page.Page.Url.Split('?')[0]);
        await page.SeeLiveAsync("tile:Depth", "3");

        await ConfirmAsync(page, "Pause", "Its 0 consumers get nothing new", "Pause channel", "Paused channel billing of orders.");
        Assert.True((await broker.Broker.StatsAsync("orders", "billing"))!.Paused);
        await ConfirmAsync(page, "Unpause", "Delivery starts again: 3 messages waiting.", "Unpause channel", "Unpaused channel billing of orders.");
        Assert.False((await broker.Broker.StatsAsync("orders", "billing"))!.Paused);
        await ConfirmAsync(page, "Empty", "3 messages are lost for ever: 3 waiting, 0 in flight, 0 deferred.", "Empty channel", "Emptied channel billing of orders.");
        Assert.Equal(0, (await broker.Broker.StatsAsync("orders", "billing"))!.Depth);
        await ConfirmAsync(page, "Delete", "No message is lost: it is empty.", "Delete channel", "Deleted channel billing of orders.");
        Assert.Null(await broker.Broker.StatsAsync("orders", "billing"));

        Assert.Equal($"{broker.Home}/topics/orders", page.Page.Url.Split('?')[0]);
        await ConfirmAsync(page, "Pause", "Messages that are published from now on wait in the topic", "Pause topic", "Paused topic orders.");
        Assert.True((await broker.Broker.StatsAsync("orders")).Paused);
        await ConfirmAsync(page, "Unpause", "Nothing is lost.", "Unpause topic", "Unpaused topic orders.");
        await broker.PublishAsync("orders", 2);
        await ConfirmAsync(page, "Empty", "2 messages are lost for ever", "Empty topic", "Emptied topic orders.");
        Assert.Equal(0, (await broker.Broker.StatsAsync("orders")).Depth);

        await page.Page.GetByText("Publish a test message").ClickAsync();
        await page.Page.GetByLabel("Body").FillAsync("""{"test":"<b>&"}""");
        await page.ClickAsync(AriaRole.Button, "Publish…");
        await page.SeeAsync("15 bytes go to the topic.");
        await page.ClickAsync(AriaRole.Button, "Publish");
        await page.SeeAsync("A message was published to orders.");
        Assert.Equal(1, (await broker.Broker.StatsAsync("orders")).Depth);

        await ConfirmAsync(page, "Delete", "1 message is lost for ever: 1 waiting, 0 in flight, 0 deferred.", "Delete topic", "Deleted topic orders.");
        Assert.False((await broker.Broker.StatsAsync("orders")).Exists);

        await broker.PublishAsync("payments", 1);
        await page.GoAsync("/topics/payments");
        await page.ClickAsync(AriaRole.Link, $"Tombstone {broker.Node} for payments");
        await page.SeeAsync("1 message is lost for ever");
        await page.ClickAsync(AriaRole.Button, "Tombstone");
        await page.SeeAsync($"{broker.Node} was tombstoned for payments.");
        Assert.False((await broker.Broker.StatsAsync("payments")).Exists);
    }

    [Fact]
    public async Task An_action_that_is_cancelled_does_nothing()
    {
        await using AdminBroker broker = await AdminBroker.StartAsync();
        await broker.PublishAsync("orders", 1);
        await using AdminPage page = await browser.OpenAsync(broker.Home);
        await page.GoAsync("/topics/orders");
        await page.ClickAsync(AriaRole.Link, "Delete");
        await page.ClickAsync(AriaRole.Link, "Cancel");
        Assert.Equal("orders", await page.Page.Locator("h1").TextContentAsync());
        Assert.True((await broker.Broker.StatsAsync("orders")).Exists);
    }

    [Fact]
    public async Task Pages_and_actions_work_without_scripts()
    {
        await using AdminBroker broker = await AdminBroker.StartAsync();
        await broker.PublishAsync("orders", 3);
        await using AdminPage page = await browser.OpenAsync(broker.Home, new BrowserNewContextOptions { JavaScriptEnabled = false });
        await page.GoAsync("/topics/orders");
        await page.SeeLiveAsync("tile:Messages", "3");
        await ConfirmAsync(page, "Empty", "3 messages are lost", "Empty topic", "Emptied topic orders.");
        Assert.Equal(0, (await broker.Broker.StatsAsync("orders")).Depth);
    }

    [Fact]
    public async Task Paused_shows_wherever_a_topic_or_a_channel_is()
    {
        await using AdminBroker broker = await AdminBroker.StartAsync();
        await broker.PostAsync("/topic/create?topic=orders");
        await broker.PostAsync("/channel/create?topic=orders&channel=billing");
        await broker.PostAsync("/topic/pause?topic=orders");
        await broker.PostAsync("/channel/pause?topic=orders&channel=billing");
        await using AdminPage page = await browser.OpenAsync(broker.Home);
        (string Path, string[] Badges)[] pages =
        [
            ("/", ["paused", "1 channel paused"]),
            ("/topics/orders", ["paused", "paused", "paused"]),
            ("/topics/orders/billing", ["paused", "topic paused", "paused"]),
            ("/topics/orders/billing/messages", ["paused"]),
            ("/nodes", ["paused"]),
            ($"/nodes/{broker.Node}", ["paused", "paused"]),
        ];
        foreach ((string path, string[] badges) in pages)
        {
            await page.GoAsync(path);
            await Assertions.Expect(page.Page.Locator(".badge.pause")).ToHaveTextAsync(badges, new LocatorAssertionsToHaveTextOptions { Timeout = 15_000 });
        }
    }

    [Fact]
    public async Task Who_does_not_log_in_is_called_anonymous()
    {
        await using AdminBroker broker = await AdminBroker.StartAsync();
        await using AdminPage page = await browser.OpenAsync(broker.Home);
        await page.GoAsync("/");
        await Assertions.Expect(page.Page.Locator(".who")).ToContainTextAsync("anonymous · admin");
    }

    [Fact]
    public async Task A_legend_says_what_the_tile_beside_it_says()
    {
        await using AdminBroker broker = await AdminBroker.StartAsync(settings => settings.Admin.SampleInterval = TimeSpan.FromHours(1));
        await broker.PublishAsync("orders", 30);
        await broker.Broker.Services.GetRequiredService<ClusterSampler>().RefreshAsync(CancellationToken.None);
        await using AdminPage page = await browser.OpenAsync(broker.Home, new BrowserNewContextOptions { JavaScriptEnabled = false });
        foreach (string path in (string[])["/", "/topics/orders"])
        {
            await page.GoAsync(path);
            string tile = await page.Page.Locator("[data-live='tile:Published']").InnerTextAsync();
            await Assertions.Expect(page.Page.Locator("[data-live='now:Published:in']")).ToHaveTextAsync($"{tile}/s");
            await Assertions.Expect(page.Page.Locator("[data-live='now:Depth:depth']")).ToHaveTextAsync("30");
        }
    }

    [Fact]
    public async Task An_empty_broker_says_how_to_publish_to_it()
    {
        await using AdminBroker broker = await AdminBroker.StartAsync();
        await using AdminPage page = await browser.OpenAsync(broker.Home);
        await page.GoAsync("/");
        string command = (await page.Page.Locator(".command code").First.TextContentAsync())!;
        Assert.Equal($"curl -d '{{\"id\":1}}' 'http://{broker.Node}/pub?topic=orders'", command);
        await page.ClickAsync(AriaRole.Button, "Copy the command");

        using HttpResponseMessage published = await broker.Api.PostAsync("/pub?topic=orders", new StringContent("hello"));
        await page.SeeLiveAsync("m:orders", "1");
    }

    [Fact]
    public async Task Topics_are_filtered_sorted_and_paged_and_that_is_kept()
    {
        await using AdminBroker broker = await AdminBroker.StartAsync();
        foreach (int i in Enumerable.Range(1, 60)) await broker.PostAsync($"/topic/create?topic=t{i:00}");
        await broker.PublishAsync("t33", 5);
        await using AdminPage page = await browser.OpenAsync(broker.Home);
        await page.GoAsync("/");
        ILocator names = page.Page.Locator("tbody th a");
        Assert.Equal(50, await names.CountAsync());
        await page.ClickAsync(AriaRole.Link, "Next");
        await Assertions.Expect(names).ToHaveCountAsync(10);
        await page.ClickAsync(AriaRole.Link, "Messages");
        await Assertions.Expect(names.First).ToHaveTextAsync("t33");
        await page.Page.GetByLabel("Filter topics").FillAsync("T1");
        await page.Page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(names).ToHaveCountAsync(10);
        await page.SeeAsync("10 of 60 topics");
        Assert.Contains("sort=messages", page.Page.Url);
    }

    [Fact]
    public async Task Every_page_is_accessible_and_fits_the_screen()
    {
        await using AdminBroker broker = await AdminBroker.StartAsync();
        await using NsqSocket consumer = await ConsumeAsync(broker);
        await broker.PostAsync("/topic/create?topic=paused");
        await broker.PostAsync("/channel/create?topic=paused&channel=slow");
        await broker.PostAsync("/channel/pause?topic=paused&channel=slow");
        await broker.PostAsync("/topic/pause?topic=paused");
        await broker.PublishAsync("paused", 2);
        // As long as names may be; one breaks at its dots, the other nowhere.
        const string Dotted = "com.example.orders-service.europe_west.customer-notifications.v2";
        string unbroken = new('n', 64);
        await broker.PostAsync($"/topic/create?topic={Dotted}");
        await broker.PostAsync($"/channel/create?topic={Dotted}&channel={unbroken}");
        await broker.PublishAsync(unbroken, 1);
        await using AdminPage page = await browser.OpenAsync(broker.Home);
        string[] pages =
        [
            "/", "/topics/orders", "/topics/orders/billing", "/topics/orders/billing/messages", "/topics/paused", "/topics/paused/slow", "/topics/paused/slow/messages",
            "/messages?topic=paused", "/policy?topic=orders", "/policy?topic=orders&channel=billing", "/nodes", $"/nodes/{broker.Node}", "/lookup", "/counter", "/cluster", "/confirm?action=delete&topic=orders", "/no-such-page",
            $"/topics/{Dotted}", $"/topics/{Dotted}/{unbroken}", $"/topics/{Dotted}/{unbroken}/messages", $"/messages?topic={unbroken}",
            $"/confirm?action=delete&topic={Dotted}&channel={unbroken}",
        ];
        foreach (string path in pages)
        {
            Assert.Equal(path == "/no-such-page" ? 404 : 200, await page.GoAsync(path));
            Assert.Empty(await page.Page.EvaluateAsync<string[]>(RunTogether));
            await page.MustServeEverybodyAsync(async () => Assert.Equal(5, await page.Page.EvaluateAsync<int>(LinksOnScreen)));
        }
        page.ForgetErrors();
    }

    private const string LinksOnScreen =
        """
        [...document.querySelectorAll('.bar nav a')].map(a => a.getBoundingClientRect()).filter(box => box.left >= 0 && box.right <= innerWidth && box.width > 0).length
        """;

    // What stands beside a word in the same line without a space between is read as one word with it.
    private const string RunTogether =
        """
        [...document.querySelectorAll('main :is(.badge, .muted, .id, small, code)')]
          .filter(e => {
            let before = e.previousSibling
            while (before && before.nodeType === Node.COMMENT_NODE) before = before.previousSibling
            return before && /\S$/.test(before.textContent) && /^\w/.test(e.textContent) && !/^(BUTTON|DIV|P|H\d|UL|LI)$/.test(before.nodeName)
              && getComputedStyle(e.parentElement).display !== 'flex'
          })
          .map(e => `${location.pathname}: ${e.parentElement.outerHTML.slice(0, 200)}`)
        """;

    // A browser that refuses what was typed says why by the title.
    private const string UnexplainedPatterns = "[...document.querySelectorAll('input[pattern]:not([title])')].map(e => e.outerHTML)";

    private const string NamelessControls =
        """
        [...document.querySelectorAll('a, button, input:not([type=hidden]), select, textarea, summary, svg[role=img], img')]
          .filter(e => !(e.getAttribute('aria-label') || e.alt || e.textContent.trim() || (e.labels && [...e.labels].some(l => l.textContent.trim()))))
          .map(e => e.outerHTML.slice(0, 200))
        """;

    /// <summary>A topic with a channel and a consumer that has some of its messages.</summary>
    private static async Task<NsqSocket> ConsumeAsync(AdminBroker broker)
    {
        NsqSocket consumer = await NsqSocket.OpenAsync(broker.Broker.TcpEndPoint);
        await consumer.SubscribeAsync("orders", "billing", ready: 2);
        await broker.PublishAsync("orders", 20);
        await consumer.ExpectMessagesAsync(2);
        return consumer;
    }

    private static async Task ConfirmAsync(AdminPage page, string link, string loss, string button, string done)
    {
        await page.ClickAsync(AriaRole.Link, link);
        await page.SeeAsync(loss);
        await page.ClickAsync(AriaRole.Button, button);
        await page.SeeAsync(done);
    }
}
