using System.Text;
using Broker.Client;

namespace Samples.HostedService;

/// <summary>Confirms orders. What throws is tried again later; what returns is done.</summary>
internal sealed partial class OrderHandler(INsqProducer producer, ILogger<OrderHandler> logger) : INsqMessageHandler
{
    public async ValueTask HandleAsync(NsqMessage message, CancellationToken cancellation)
    {
        string order = Encoding.UTF8.GetString(message.Body.Span);
        await producer.PublishAsync("confirmations", Encoding.UTF8.GetBytes($"confirmed: {order}"), cancellation);
        LogConfirmed(order);
    }

    public ValueTask GiveUpAsync(NsqMessage message, CancellationToken cancellation)
    {
        LogGivenUp(message.Id);
        return ValueTask.CompletedTask;
    }

    [LoggerMessage(LogLevel.Information, "confirmed {Order}")]
    private partial void LogConfirmed(string order);

    [LoggerMessage(LogLevel.Error, "order {Id} could not be confirmed")]
    private partial void LogGivenUp(string id);
}
