//! Real-time priority for the threads on whose timing a measurement depends.

/// Of the pacing thread: above everything else of this program.
pub const PACING: u8 = 20;
/// Of the threads that move media between sockets and the rest.
pub const MEDIA: u8 = 10;

/// Timer slack of 1 ns and SCHED_FIFO for this thread. A system that refuses either only makes timing less exact, which
/// every call reports of itself.
pub fn raise(priority: u8) {
    #[cfg(target_os = "linux")]
    {
        use thread_priority::{
            RealtimeThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy, set_thread_priority_and_policy, thread_native_id,
        };
        let _refused = nix::sys::prctl::set_timerslack(1);
        if let Ok(priority) = priority.try_into() {
            let policy = ThreadSchedulePolicy::Realtime(RealtimeThreadSchedulePolicy::Fifo);
            let _refused = set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Crossplatform(priority), policy);
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _unused = priority;
}
