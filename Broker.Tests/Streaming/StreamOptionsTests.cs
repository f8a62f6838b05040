using Broker.Orleans.Streaming;
using Microsoft.Extensions.Options;
using Orleans.Configuration;

namespace Broker.Tests.Streaming;

public sealed class StreamOptionsTests
{
    public static TheoryData<string, Action<BrokerStreamOptions>> Mistakes => new()
    {
        { "no server is named", options => options.Addresses = [] },
        { "\"nowhere\" in Addresses is not host:port", options => options.Addresses = ["nowhere"] },
        { "\"nowhere\" in LookupAddresses is neither", options => options.LookupAddresses = ["nowhere"] },
        { "cannot begin a topic's name", options => options.TopicPrefix = "a b" },
        { "is no channel's name", options => options.Channel = "a b" },
        { "QueueCount is 0; it must be 1 to 4096", options => options.QueueCount = 0 },
        { "FormerQueueCount is -1", options => options.FormerQueueCount = -1 },
        { "CacheSize is 0; it must be 1 to 2500", options => options.CacheSize = 0 },
        { "Format is Plain", options => options.Format = StreamBodyFormat.Plain },
        { "MessageTimeout is 00:00:00.1000000", options => options.MessageTimeout = TimeSpan.FromMilliseconds(100) },
        { "PublishTimeout is", options => options.PublishTimeout = TimeSpan.Zero },
        { "RequeueDelay is", options => options.RequeueDelay = TimeSpan.FromSeconds(-1) },
        { "MaxAttempts is 70000", options => options.MaxAttempts = 70_000 },
        { "DeadLetterTopic \"a b\"", options => options.DeadLetterTopic = "a b" },
        { "dead letters cannot be published", options => (options.Addresses, options.LookupAddresses) = ([], ["127.0.0.1:4161"]) },
        { "is no topic's name", options => options.Topics.Add(new BrokerTopicStream { Topic = "a b" }) },
        { "have the namespace x", options => options.Topics = [new BrokerTopicStream { Topic = "x" }, new BrokerTopicStream { Topic = "y", Namespace = "x" }] },
    };

    [Theory]
    [MemberData(nameof(Mistakes))]
    public void A_mistake_is_said_in_one_sentence(string sentence, Action<BrokerStreamOptions> mistake)
    {
        BrokerStreamOptions options = new() { Addresses = ["127.0.0.1:4150"] };
        mistake(options);
        string failure = Assert.Single(Validate(options).Failures!);
        Assert.Contains(sentence, failure);
        Assert.StartsWith("Stream provider \"broker\": ", failure);
        Assert.EndsWith(".", failure);
    }

    [Fact]
    public void An_address_is_all_that_is_needed() => Assert.True(Validate(new BrokerStreamOptions { Addresses = ["127.0.0.1:4150"] }).Succeeded);

    [Fact]
    public void A_provider_that_only_receives_needs_a_lookup_service_and_no_dead_letters() => Assert.True(
        Validate(new BrokerStreamOptions { LookupAddresses = ["http://lookup:4161"], FailedEvents = FailedEventPolicy.Drop }).Succeeded);

    private static ValidateOptionsResult Validate(BrokerStreamOptions options) =>
        new BrokerStreamOptionsValidator("broker", Options.Create(new ClusterOptions { ServiceId = "service" })).Validate("broker", options);
}
