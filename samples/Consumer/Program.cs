// Prints the messages of a channel until Ctrl-C:  dotnet run --project samples/Consumer -- orders print 127.0.0.1:4150
using System.Text;
using Broker.Client;

NsqConsumerOptions options = new()
{
    Topic = args.ElementAtOrDefault(0) ?? "orders",
    Channel = args.ElementAtOrDefault(1) ?? "print",
    // Or LookupAddresses, where several servers have the topic.
    Addresses = { args.ElementAtOrDefault(2) ?? "127.0.0.1:4150" },
    MaxInFlight = 100,
};

using CancellationTokenSource interrupted = new();
Console.CancelKeyPress += (_, press) =>
{
    press.Cancel = true;
    interrupted.Cancel();
};

await using NsqConsumer consumer = new(options);
try
{
    // Asking for the next message finishes the one before.
    await foreach (NsqMessage message in consumer.ReadAllAsync(interrupted.Token))
        Console.WriteLine($"{message.Timestamp:O} {message.Id} attempt {message.Attempts}: {Encoding.UTF8.GetString(message.Body.Span)}");
}
catch (OperationCanceledException)
{
    await consumer.StopAsync();
}
