using Broker.Admin;
using Broker.Tests.Running;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using Eventually = Broker.Tests.Gateway.Eventually;

namespace Broker.Tests.Admin;

/// <summary>
/// Pictures of the main pages in light and dark, as the README shows them. <c>BROKER_SCREENSHOTS=docs/images</c> has them written into
/// that folder of the solution.
/// </summary>
[Collection(AdminBrowserCollection.Name)]
public sealed class ScreenshotTests(AdminBrowser browser)
{
    private static readonly string? Folder = Environment.GetEnvironmentVariable("BROKER_SCREENSHOTS");

    // Greatest waves first: what is published in a step, as a share of the average.
    private static readonly (double Height, double Times)[] Waves = [(0.3, 1.2), (0.25, 3.1), (0.2, 7.3), (0.12, 19)];

    [Theory]
    [InlineData(ColorScheme.Light)]
    [InlineData(ColorScheme.Dark)]
    public async Task The_main_pages_have_a_face(ColorScheme scheme)
    {
        // As it is shipped: a rate between two samples is that of some seconds.
        await using AdminBroker broker = await AdminBroker.StartAsync(settings => settings.Admin.SampleInterval = TimeSpan.FromSeconds(2));
        List<NsqSocket> opened = [];
        List<(string Topic, NsqSocket Consumer)> consumers = [];
        foreach ((string topic, string channel, int count, int ready) in (ValueTuple<string, string, int, int>[])
            [("orders", "billing", 480, 25), ("orders", "shipping", 0, 40), ("payments", "ledger", 30, 50), ("emails", "smtp", 900, 12),
            ("user-events", "analytics", 1500, 100), ("user-events", "archive", 0, 0), ("image-resize", "workers", 120, 8), ("audit-log", "store", 6, 20)])
        {
            NsqSocket consumer = await NsqSocket.OpenAsync(broker.Broker.TcpEndPoint);
            opened.Add(consumer);
            await consumer.IdentifyAsync($$"""{"client_id":"{{channel}}-1","hostname":"worker-{{opened.Count}}.example","user_agent":"nsq-client/1.1.0"}""");
            await consumer.SubscribeAsync(topic, channel);
            if (count > 0)
            {
                // Most of what came has been dealt with.
                await broker.Broker.PublishAsync(topic, [.. Enumerable.Repeat("{}", count * 20)]);
                await broker.PostAsync($"/channel/empty?topic={topic}&channel={channel}");
                await broker.Broker.PublishAsync(topic, [.. Enumerable.Range(1, count).Select(i => $$"""{"id":{{1000 + i}},"customer":"c-{{i * 37 % 911}}","total":{{i * 7 % 400}}.90,"currency":"EUR"}""")]);
            }
            await consumer.ReadyAsync(ready);
            if (ready > 0) consumers.Add((topic, consumer));
        }
        ClusterSampler sampler = broker.Broker.Services.GetRequiredService<ClusterSampler>();
        AddAnHour(sampler, await sampler.RefreshAsync(CancellationToken.None));

        using CancellationTokenSource done = new();
        Task traffic = PublishAsync(broker, consumers, done.Token);
        BrowserNewContextOptions desktop = new() { ViewportSize = new() { Width = 1280, Height = 860 }, ColorScheme = scheme };
        await using AdminPage page = await browser.OpenAsync(broker.Home, desktop);
        // What was published above all at once is no rate that anybody has. It matters for pictures that are kept, and a busy machine may have no other.
        Task UntilSteadyAsync() => Eventually.TrueAsync(async () => Folder is not { Length: > 0 } ||
            (await sampler.GetAsync(CancellationToken.None)).Topics.Where(topic => topic.Name != "audit-log").All(topic => topic.Rate is > 0 and < 60));
        await page.GoAsync("/");
        await UntilSteadyAsync();
        await ShootAsync(page, "/?sort=rate", "topics", scheme);
        await UntilSteadyAsync();
        await ShootAsync(page, "/topics/orders", "topic", scheme);
        await UntilSteadyAsync();
        await ShootAsync(page, "/topics/orders/billing", "channel", scheme);
        await page.GoAsync("/topics/orders/billing/messages");
        await page.Page.Locator("ol.messages summary").Nth(1).ClickAsync();
        await ShootAsync(page, null, "messages", scheme);
        await page.Page.SetViewportSizeAsync(1280, 460);
        await ShootAsync(page, "/confirm?action=delete&topic=user-events", "confirm", scheme);
        BrowserNewContextOptions phone = new() { ViewportSize = new() { Width = 390, Height = 844 }, ColorScheme = scheme, DeviceScaleFactor = 2 };
        await using AdminPage small = await browser.OpenAsync(broker.Home, phone);
        await small.GoAsync("/");
        await UntilSteadyAsync();
        await ShootAsync(small, "/topics/orders", "phone", scheme);
        await done.CancelAsync();
        await traffic;
        foreach (NsqSocket consumer in opened) await consumer.DisposeAsync();
    }

    /// <summary>Goes on publishing and consuming at the rates of the hour before, so that there is something to see.</summary>
    private static async Task PublishAsync(AdminBroker broker, List<(string Topic, NsqSocket Consumer)> consumers, CancellationToken until)
    {
        (string Topic, int Count)[] rates = [("orders", 3), ("payments", 1), ("emails", 5), ("user-events", 9), ("image-resize", 1)];
        for (int i = 0; !until.IsCancellationRequested; i++)
        {
            (string topic, int count) = rates[i % rates.Length];
            await broker.Broker.PublishAsync(topic, [.. Enumerable.Range(1, count).Select(number => $$"""{"id":{{9000 + i + number}},"customer":"c-{{number * 37}}"}""")]);
            foreach ((_, NsqSocket consumer) in consumers.Where(consumer => consumer.Topic == topic))
            {
                foreach (NsqMessage message in await consumer.ExpectMessagesAsync(count)) await consumer.FinishAsync(message);
            }
            await Task.WhenAny(Task.Delay(200, until));
        }
    }

    private static async Task ShootAsync(AdminPage page, string? path, string name, ColorScheme scheme)
    {
        if (path is not null) Assert.Equal(200, await page.GoAsync(path));
        // What has just changed is marked for a moment.
        await page.Page.EmulateMediaAsync(new PageEmulateMediaOptions { ReducedMotion = ReducedMotion.Reduce, ColorScheme = scheme });
        byte[] picture = await page.Page.ScreenshotAsync();
        Assert.Equal("\u0089PNG", System.Text.Encoding.Latin1.GetString(picture.AsSpan(0, 4)));
        if (Folder is { Length: > 0 })
        {
            string folder = Directory.CreateDirectory(Path.Combine(Solution.Folder, Folder)).FullName;
            await File.WriteAllBytesAsync(Path.Combine(folder, $"{name}-{scheme.ToString().ToLowerInvariant()}.png"), picture);
        }
    }

    /// <summary>An hour before now, in which what there is has come in waves.</summary>
    private static void AddAnHour(ClusterSampler sampler, ClusterSample now)
    {
        for (int back = FigureRing.Points - 1; back > 0; back--)
        {
            double part = 1 - back / (double)FigureRing.Points;
            TopicSample[] topics = [.. now.Topics.Select((topic, i) => Earlier(topic, part, i))];
            sampler.History.Add(new ClusterSample(now.At - FigureRing.Step * back, 0, now.Nodes, topics, [], null));
        }
    }

    private static TopicSample Earlier(TopicSample topic, double part, int phase)
    {
        // It ends where the topic is now.
        double wave = WaveAt(part, phase) - part * WaveAt(1, phase);
        ChannelSample[] channels =
        [
            .. topic.Channels.Select((channel, i) => new ChannelSample(
                new ChannelFigures
                {
                    TopicName = topic.Name,
                    ChannelName = channel.Name,
                    MessageCount = (long)(channel.Figures.MessageCount * Along(part, phase) / Along(1, phase)),
                    Depth = (long)(channel.Figures.Depth * Math.Max(0.1, 0.7 + 0.3 * part + 0.4 * wave - 0.05 * i * (1 - part))),
                    InFlight = channel.Figures.InFlight,
                },
                0,
                0)),
        ];
        return new TopicSample(new TopicFigures { TopicName = topic.Name, MessageCount = (long)(topic.Figures.MessageCount * Along(part, phase) / Along(1, phase)) }, 0, channels, true);
    }

    private static double WaveAt(double part, int phase) => Waves.Sum(wave => wave.Height * Math.Sin(part * Math.Tau * wave.Times + phase));

    // Grows all the time, sometimes faster and sometimes slower.
    private static double Along(double part, double phase) => part - Waves.Sum(wave =>
        wave.Height / (Math.Tau * wave.Times) * (Math.Cos(part * Math.Tau * wave.Times + phase) - Math.Cos(phase)));
}
