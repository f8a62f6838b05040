using Microsoft.Extensions.Logging;

namespace Broker.Orleans.Embedded;

/// <summary>What the host tells its operator.</summary>
internal sealed partial class HostLog(ILogger logger)
{
    [LoggerMessage(LogLevel.Error, "Failed to activate grain {Grain}.")]
    public partial void ActivationFailed(Exception exception, Mailbox grain);

    [LoggerMessage(LogLevel.Error, "Failed to deactivate grain {Grain} in order; it is gone all the same.")]
    public partial void DeactivationFailed(Exception exception, Mailbox grain);

    [LoggerMessage(LogLevel.Warning, "A timer of grain {Grain} failed; it goes on.")]
    public partial void TimerFailed(Exception exception, Mailbox grain);

    [LoggerMessage(LogLevel.Error, "Code of {Grain} that nobody waits for failed.")]
    public partial void ContinuationFailed(Exception exception, Mailbox grain);

    [LoggerMessage(LogLevel.Warning, "The one way call {Call} failed; its caller is not told.")]
    public partial void OneWayCallFailed(Exception exception, GrainCall call);
}
