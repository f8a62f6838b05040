// Publishes each line of standard input:  seq 10 | dotnet run --project samples/Producer -- orders 127.0.0.1:4150
using System.Text;
using Broker.Client;

string topic = args.ElementAtOrDefault(0) ?? "orders";
string address = args.ElementAtOrDefault(1) ?? "127.0.0.1:4150";

await using NsqProducer producer = new(new NsqProducerOptions { Addresses = { address } });
try
{
    List<Task> publishes = [];
    while (await Console.In.ReadLineAsync() is { } line)
    {
        // Not awaited one by one: what is published together travels together, and is answered in order.
        if (line.Length > 0) publishes.Add(producer.PublishAsync(topic, Encoding.UTF8.GetBytes(line)).AsTask());
    }
    await Task.WhenAll(publishes);
    Console.WriteLine($"published {publishes.Count} messages to {topic} on {producer.ConnectedTo}");
    return 0;
}
catch (NsqException e)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}
