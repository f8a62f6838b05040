namespace Broker.Silo.Logging;

/// <summary>How log lines are written.</summary>
public enum LogFormat
{
    /// <summary>As nsqd's.</summary>
    Text = 0,

    /// <summary>One JSON object a line.</summary>
    Json,
}
