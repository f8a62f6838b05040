using Broker.Silo.Hosting;
using Broker.Tests.Running;
using Microsoft.Extensions.DependencyInjection;

namespace Broker.Tests.Silo;

public sealed class TopicOpenerTests
{
    [Fact]
    public async Task All_topics_and_channels_are_open_soon_after_a_start_without_anybody_asking()
    {
        const int topics = 20;
        await using RunningBroker broker = await RunningBroker.StartAsync();
        for (int i = 0; i < topics; i++)
            Assert.True((await broker.Topic($"t{i}").CreateChannelAsync("c")).Status == Topics.TopicStatus.Ok);

        await broker.RestartAsync();

        await broker.Services.GetRequiredService<TopicOpener>().Done.WaitAsync(NsqSocket.Patience);
        Assert.InRange(await broker.CountActivationsAsync(), 2 * topics, (2 * topics) + 5);
    }

    [Fact]
    public async Task A_broker_is_ready_when_all_topics_have_been_opened()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        TopicOpener opener = broker.Services.GetRequiredService<TopicOpener>();
        await opener.Done.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Null(await new TopicsCheck(opener).CheckAsync(CancellationToken.None));

        using TopicOpener busy = ActivatorUtilities.CreateInstance<TopicOpener>(broker.Services);
        Assert.Equal("the stored topics have not all been opened yet", await new TopicsCheck(busy).CheckAsync(new CancellationToken(canceled: true)));
    }
}
